import CardeaLifecycle
import CardeaSQLite
import CardeaTestSupport
import Foundation
import GRDB
import Testing

/// What was acknowledged stays: across SIGKILL (D1), a full disk (D3), and by a sync before each
/// acknowledgement (D10).
@Suite("SQLite durability", .serialized) struct DurabilityTests {
  /// How often; `CARDEA_KILLS` says so.
  private static let kills =
    ProcessInfo.processInfo.environment["CARDEA_KILLS"].flatMap { Int($0) } ?? 50

  @Test("D1: a writer is killed again and again; nothing acknowledged is lost")
  func killedWriter() async throws {
    let seed = seed()
    FileHandle.standardError.write(Data("D1: CARDEA_TEST_SEED=\(seed)\n".utf8))
    var random = SplitMix64(seed: seed)
    // A file is checked as a whole after each kill, so each is kept small.
    for first in stride(from: 0, to: DurabilityTests.kills, by: 100) {
      let rounds = first..<min(first + 100, DurabilityTests.kills)
      try await killedWriter(rounds, seed, &random)
    }
  }

  private func killedWriter(
    _ rounds: Range<Int>, _ seed: UInt64, _ random: inout SplitMix64
  ) async throws {
    let folder = try Folder()
    let path = folder.path("keys.sqlite3")
    let chain = try Records().chain
    var acknowledged: [String: Acknowledgement] = [:]
    var head = LogHead.empty
    for round in rounds {
      let writer = try ChildProcess("write", path, "8")
      let killAfter = Int.random(in: 1...120, using: &random)
      var lines: [String] = []
      while lines.count < killAfter, let line = try writer.nextLine() { lines.append(line) }
      writer.kill()
      // What was on its way through the pipe had been acknowledged too.
      lines += try writer.remainingLines()
      let comment = Comment(rawValue: "seed \(seed), round \(round)")
      for line in lines {
        let entry = try #require(Acknowledgement(line), "\(line), \(comment)")
        if let earlier = acknowledged[entry.prefix], earlier.revision > entry.revision { continue }
        acknowledged[entry.prefix] = entry
      }

      let store = SQLiteStore(path: path)
      try await store.open()
      let new = try await verifiedLog(of: store, chain, after: head)
      if let last = new.last { head = LogHead(position: last.position, hash: last.hash) }
      for line in lines {
        guard let entry = Acknowledgement(line) else { continue }
        let key = try #require(try store.find(prefix: entry.prefix)?.key, comment)
        #expect(key.revision >= entry.revision, comment)
        #expect(entry.position <= head.position, comment)
        if entry.status == "revoked" { #expect(key.status == .revoked, comment) }
      }
      await store.close()
      #expect(try integrity(path) == "ok", comment)
    }

    // At the end everything again, and as many changes in the tables as entries in the log.
    let store = SQLiteStore(path: path)
    try await store.open()
    let entries = try await verifiedLog(of: store, chain)
    let changes = Dictionary(grouping: entries, by: \.prefix).mapValues { Int64($0.count) }
    for (prefix, entry) in acknowledged {
      let key = try #require(try store.find(prefix: prefix)?.key)
      #expect(key.revision >= entry.revision)
      #expect(changes[prefix] == key.revision)
    }
    var query = KeyQuery(now: Records.start, limit: 1000)
    var revisions: Int64 = 0
    repeat {
      let page = try await store.keys(query)
      revisions += page.items.reduce(0) { $0 + $1.key.revision }
      query.after = page.cursor(in: query.sort)
    } while query.after != nil
    #expect(revisions == head.position)
    #expect(acknowledged.count > rounds.count)
    await store.close()
  }

  @Test("D3: a full file refuses changes, keeps what it has, and recovers without a restart")
  func fullFile() async throws {
    let folder = try Folder()
    let records = try Records()
    let path = folder.path("keys.sqlite3")
    let store = SQLiteStore(path: path)
    try await store.open()
    try store.limitPages(to: 60)
    var kept: [KeyRecord] = []
    var refused: StoreError?
    while refused == nil {
      let batch = (0..<20).map { _ in records.key() }
      let outcomes = await withTaskGroup(of: (KeyRecord, StoreError?).self) { group in
        for key in batch {
          group.addTask { (key, await refusal(of: records.insert(key), by: store)) }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      for (key, error) in outcomes {
        if let error {
          refused = error
          #expect(error.isUnavailable)
          #expect(try store.find(id: key.id) == nil)
        } else {
          kept.append(key)
        }
      }
    }
    #expect("\(try #require(refused))".contains("no room"))
    for key in kept { #expect(try store.find(id: key.id)?.key == key) }
    #expect(try await verifiedLog(of: store, records.chain).count == kept.count)

    try store.limitPages(to: 1_000_000)
    let key = records.key()
    #expect(try await store.commit(records.insert(key)) == Int64(kept.count) + 1)
    #expect(try await verifiedLog(of: store, records.chain).count == kept.count + 1)
    await store.close()
    #expect(try integrity(path) == "ok")
  }

  @Test("D3: a disk that refuses the write-ahead log's growth does no harm either")
  func refusedWrites() async throws {
    let folder = try Folder()
    let path = folder.path("keys.sqlite3")
    let lines = try ChildProcess("full", path).remainingLines()
    let refused = try #require(lines.firstIndex { $0.hasPrefix("refused") }, "\(lines.suffix(3))")
    #expect(lines.count - refused == 4, "three keys were to be made once there was room")
    let store = SQLiteStore(path: path)
    try await store.open()
    for (index, line) in lines.enumerated() where index != refused {
      let entry = try #require(Acknowledgement(line), "\(line)")
      #expect(try store.find(prefix: entry.prefix) != nil)
    }
    #expect(try await verifiedLog(of: store, try Records().chain).count == lines.count - 1)
    await store.close()
    #expect(try integrity(path) == "ok")
  }

  #if os(Linux)
    @Test("D10: the write-ahead log is synced before each acknowledgement")
    func syncBeforeAcknowledgement() async throws {
      let folder = try Folder()
      let trace = folder.path("trace")
      let calls = "trace=write,pwrite64,writev,pwritev,fsync,fdatasync,msync"
      let process = try ChildProcess(
        "count", folder.path("keys.sqlite3"), "25",
        tracer: ["strace", "-f", "-y", "-e", calls, "-o", trace])
      let acknowledged = try process.remainingLines().filter { $0.hasPrefix("ack ") }
      #expect(acknowledged.count == 25, "is strace installed, and tracing allowed?")
      var log = SyncTrace()
      for line in try String(contentsOfFile: trace, encoding: .utf8).split(separator: "\n") {
        log.read(line)
      }
      #expect(log.acknowledgements == 25)
      #expect(log.unsynced == 0)
    }
  #endif

  private func integrity(_ path: String) throws -> String? {
    let database = try DatabaseQueue(path: path)
    defer { try? database.close() }
    return try database.inDatabase { try String.fetchOne($0, sql: "PRAGMA integrity_check") }
  }

  /// From `CARDEA_TEST_SEED`, so that a failure can be replayed, or a fresh one.
  private func seed() -> UInt64 {
    ProcessInfo.processInfo.environment["CARDEA_TEST_SEED"].flatMap(UInt64.init)
      ?? .random(in: 1...UInt64.max)
  }
}

/// Reads a system-call trace: is everything that went to the write-ahead log synced by the time that an
/// acknowledgement leaves?
private struct SyncTrace {
  private(set) var acknowledgements = 0
  /// Acknowledgements before which no sync was done, or after which something was still to be synced.
  private(set) var unsynced = 0

  private var isDirty = false
  private var isSynced = false
  /// Threads that are inside a sync of the write-ahead log, which strace shows on two lines.
  private var syncing: Set<Substring> = []

  mutating func read(_ line: Substring) {
    let thread = line.prefix { $0 != " " }
    if line.contains("pwrite64("), line.contains("-wal>") {
      isDirty = true
    } else if line.contains("sync("), line.contains("-wal>") {
      if line.contains("<unfinished") { syncing.insert(thread) } else { noteSync(line) }
    } else if line.contains("sync resumed>"), syncing.remove(thread) != nil {
      noteSync(line)
    } else if line.contains("write(1<"), line.contains("\"ack ") {
      acknowledgements += 1
      if isDirty || !isSynced { unsynced += 1 }
      isSynced = false
    }
  }

  private mutating func noteSync(_ line: Substring) {
    guard line.hasSuffix("= 0") else { return }
    isDirty = false
    isSynced = true
  }
}
