import CardeaKernel
import CardeaPostgreSQL
import CardeaTestSupport
import Foundation
import Testing

/// D1 and D7: what was acknowledged stays, whoever dies.
@Suite("PostgreSQL durability", .serialized) struct PostgreSQLDurabilityTests {
  /// Rounds; `CARDEA_KILLS` says how many.
  private static let rounds =
    ProcessInfo.processInfo.environment["CARDEA_KILLS"].flatMap { Int($0) } ?? 12

  @Test(
    "D1: writers and the server are killed; nothing acknowledged is lost, and the log tells of all that is there"
  )
  func kills() async throws {
    let seed =
      UInt64(ProcessInfo.processInfo.environment["CARDEA_TEST_SEED"] ?? "")
      ?? .random(in: 0 ... .max)
    FileHandle.standardError.write(Data("D1: CARDEA_TEST_SEED=\(seed)\n".utf8))
    var random = SplitMix64(seed: seed)
    let server = try PostgreSQLServer(isSynced: true)
    let database = try TestDatabase(on: server)
    var acknowledged: [String: Acknowledgement] = [:]
    for round in 0..<PostgreSQLDurabilityTests.rounds {
      let writer = try ChildProcess("write", database.url(), "8")
      var lines: [String] = []
      let most = Int.random(in: 1...120, using: &random)
      while lines.count < most, let line = try writer.nextLine() { lines.append(line) }
      let killsServer = round % 3 == 2
      if killsServer { try server.stop(.immediate) }
      writer.kill()
      lines += try writer.remainingLines()
      if killsServer { try server.start() }
      for line in lines where line.hasPrefix("ack") {
        let entry = try #require(Acknowledgement(line), "\(line)")
        if let earlier = acknowledged[entry.prefix], earlier.revision > entry.revision { continue }
        acknowledged[entry.prefix] = entry
      }
    }
    try await check(acknowledged, database)
  }

  @Test(
    "D7: a standby takes over; nothing acknowledged is lost, and service is back without a restart of ours"
  )
  func failover() async throws {
    let primary = try PostgreSQLServer(
      settings: ["synchronous_standby_names": "''"], isSynced: true)
    let standby = try PostgreSQLServer(following: primary)
    let database = try TestDatabase(on: primary)
    try standby.waitUntilCaughtUp(with: primary)
    try primary.configure(["synchronous_standby_names": "'*'"])
    let url = database.url(through: [primary.port, standby.port])
    let (store, records) = (try PostgreSQLStore(url: url), try Records())
    try await store.open()
    #expect(!store.cautions.contains { $0.contains("no standby is synchronous") })
    let key = records.key()
    _ = try await store.commit(records.insert(key))
    let writer = try ChildProcess("write", url, "4")
    var lines: [String] = []
    while lines.count < 100, let line = try writer.nextLine() { lines.append(line) }
    try primary.stop(.immediate)
    await #expect(throws: StoreError.self) { try await store.find(prefix: key.prefix) }
    try standby.promote()
    try standby.configure(["synchronous_standby_names": "''"])
    try await eventually { try await store.find(prefix: key.prefix) != nil }
    try await eventually { (try? await store.commit(records.insert(records.key(at: 1)))) != nil }
    writer.kill()
    lines += try writer.remainingLines()
    var acknowledged: [String: Acknowledgement] = [:]
    for line in lines where line.hasPrefix("ack") {
      let entry = try #require(Acknowledgement(line), "\(line)")
      if let earlier = acknowledged[entry.prefix], earlier.revision > entry.revision { continue }
      acknowledged[entry.prefix] = entry
    }
    await store.close()
    try await check(acknowledged, url, records)
  }

  private func check(
    _ acknowledged: [String: Acknowledgement], _ database: TestDatabase
  ) async throws {
    try await check(acknowledged, database.url(), try Records())
  }

  /// Everything acknowledged is there, in a whole chain, with as many revisions as entries.
  private func check(
    _ acknowledged: [String: Acknowledgement], _ url: String, _ records: Records
  ) async throws {
    #expect(acknowledged.count > 20)
    let store = try PostgreSQLStore(url: url)
    try await store.open()
    let entries = try await verifiedLog(of: store, records.chain)
    let changes = Dictionary(grouping: entries, by: \.prefix).mapValues { Int64($0.count) }
    for (prefix, entry) in acknowledged {
      let key = try #require(try await store.find(prefix: prefix)?.key)
      #expect(key.revision >= entry.revision)
      if entry.status == "revoked" { #expect(key.status == .revoked) }
      #expect(changes[prefix] == key.revision)
    }
    await store.close()
  }
}
