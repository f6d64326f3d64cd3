import CardeaFormats
import CardeaLifecycle
import CardeaListeners
import CardeaMemoryStore
import CardeaSQLite
import CardeaTestSupport
import Foundation
import Testing

/// What a flood costs on disk and in memory. `make flood` runs it at length.
@Suite("floods", .serialized) struct FloodTests {
  private static func count(_ name: String, otherwise count: Int) -> Int {
    ProcessInfo.processInfo.environment[name].flatMap(Int.init) ?? count
  }

  /// A well-formed token that is drawn anew, of a key that is not there or with another secret.
  private func token(under prefix: String?, _ primitives: any Primitives) throws -> Secret {
    try KeysmithFormat().build(
      TokenRequest(
        namespace: "tok", identifierLength: 8, secretLength: 32, prefix: prefix,
        primitives: primitives)
    ).token
  }

  /// F6: of a million attempts the files hold a few hundred bytes for every thousand, and rows and counts are all of
  /// them.
  @Test func failedAttemptsGrowTheDiskByTheirAggregatesOnly() async throws {
    let attempts = FloodTests.count("CARDEA_FLOOD_ATTEMPTS", otherwise: 20_000)
    let folder = try Folder()
    let store = SQLiteStore(path: folder.path("keys.sqlite3"))
    let spool = SpoolAuditSink(
      path: folder.path("spool"), tier: .process, deadline: .seconds(60))
    let clock = StandingClock()
    let kernel = try await StandingKernel.start(clock) {
      $0.use(store)
      $0.use(spool)
    }
    let key = try await kernel.createKey(NewKey(name: "known"), by: .host).stored.key
    await kernel.drainAccessLog()
    let before = folder.bytes()
    var peak = before
    var random = SplitMix64(seed: 6)
    var reasons: [Denial.Reason: Int] = [:]
    var left = attempts
    while left > 0 {
      let batch = min(left, 2_000)
      left -= batch
      let found = try await withThrowingTaskGroup(of: [Denial.Reason: Int].self) { group in
        for lane in 0..<8 {
          let share = batch / 8 + (lane < batch % 8 ? 1 : 0)
          let seed = random.next()
          group.addTask {
            var lot = SplitMix64(seed: seed)
            var reasons: [Denial.Reason: Int] = [:]
            for number in 0..<share {
              // A third on a key that is there; from a thousand addresses, and from none.
              let secret = try token(
                under: number % 3 == 0 ? key.prefix : nil, kernel.primitives)
              let address =
                number % 2 == 0
                ? "10.0.\(UInt8.random(in: 0...3, using: &lot)).\(UInt8.random(in: 0...249, using: &lot))"
                : nil
              let verdict = await kernel.verify(
                token: secret,
                facts: RequestFacts(
                  method: "GET", path: "/orders", clientAddress: address, requestID: "r"))
              guard let reason = verdict.denial?.reason else { throw Allowed() }
              reasons[reason, default: 0] += 1
            }
            return reasons
          }
        }
        return try await group.reduce(into: [:]) { $0.merge($1, uniquingKeysWith: +) }
      }
      reasons.merge(found, uniquingKeysWith: +)
      // As much time as such a flood would take at some 2,000 a second.
      clock.advance(seconds: 1)
      await kernel.drainAccessLog()
      peak = max(peak, folder.bytes())
    }

    var rows = 0
    var counted: [String: Int] = [:]
    for head in try store.accessHeads() {
      var position: Int64 = 0
      while true {
        let page = try await store.accessLog(node: head.node, after: position, limit: 1_000)
        guard let last = page.last else { break }
        position = last.position
        rows += page.count
        for entry in page { counted[entry.reason ?? "-", default: 0] += Int(entry.count) }
      }
    }
    let growth = folder.bytes() - before
    print(
      "F6: \(attempts) failed attempts, \(rows) rows, \(growth) bytes more on disk "
        + "(\(peak - before) at most): \(Double(growth) / Double(attempts)) a piece")
    #expect(reasons.values.reduce(0, +) == attempts)
    #expect(
      counted == Dictionary(uniqueKeysWithValues: reasons.map { ($0.key.rawValue, $0.value) }))
    // A burst of entries of their own and a hundred a minute; then 17 of each batch that is drained, which the
    // kernel's timer does besides.
    let batches = (attempts / 2_000 + 1) * 2
    #expect(rows <= 1_000 + batches * 2 + 100 + batches * 17)
    // A kilobyte and a half for each with its indexes; a write-ahead log beside them.
    #expect(growth <= 8_000_000 + rows * 1_536)
    #expect(try await kernel.verifyAudit().isIntact)
    await kernel.shutdown()
  }

  private struct Allowed: Error {}

  #if os(Linux)
    /// F3: whatever is shown, memory stays within what the configuration allows.
    @Test func wrongTokensTakeNoMoreMemoryThanTheTablesHold() async throws {
      let tokens = FloodTests.count("CARDEA_FLOOD_TOKENS", otherwise: 60_000)
      let clock = StandingClock()
      let kernel = try await StandingKernel.start(clock) {
        $0.cacheEntries = 1_000
        $0.wrongCacheEntries = 1_000
        $0.limitEntries = 10_000
      } plugins: {
        $0.use(MemoryStore())
      }
      let prefix = try await kernel.createKey(NewKey(name: "known"), by: .host).stored.key.prefix
      var random = SplitMix64(seed: 3)
      func show(_ count: Int) async throws {
        for number in 0..<count {
          let secret = try token(under: number % 2 == 0 ? prefix : nil, kernel.primitives)
          let bits = random.next()
          let address = "10.\(bits & 255).\(bits >> 8 & 255).\(bits >> 16 & 255)"
          let verdict = await kernel.verify(
            token: secret,
            facts: RequestFacts(method: "GET", path: "/", clientAddress: address))
          if verdict.identity != nil { throw Allowed() }
        }
      }
      // Every table full, and the allocator's own.
      try await show(40_000)
      let full = try residentBytes()
      try await show(tokens)
      let after = try residentBytes()
      print(
        "F3: \(tokens) distinct wrong tokens after 40000, resident \(full) bytes before and "
          + "\(after) after")
      // No more than the allocator wavers by, whatever the count.
      #expect(after - full < 16 * 1_048_576)
    }

    private func residentBytes() throws -> Int {
      let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
      let pages = try #require(text.split(separator: " ").dropFirst().first.flatMap { Int($0) })
      return pages * sysconf(Int32(_SC_PAGESIZE))
    }
  #endif
}

extension Folder {
  /// The size of everything in it.
  fileprivate func bytes() -> Int {
    guard let names = FileManager.default.enumerator(atPath: url.path) else { return 0 }
    return names.reduce(0) { sum, name in
      let attributes = try? FileManager.default.attributesOfItem(
        atPath: url.appendingPathComponent("\(name)").path)
      return sum + ((attributes?[.size] as? NSNumber)?.intValue ?? 0)
    }
  }
}
