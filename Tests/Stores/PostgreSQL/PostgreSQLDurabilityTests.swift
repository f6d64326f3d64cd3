import CardeaLifecycle
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

  @Test("what was used of a quota outlives a crash of the server")
  func quota() async throws {
    let server = try PostgreSQLServer(isSynced: true)
    let database = try TestDatabase(on: server)
    let (store, records) = (try database.store(), try Records())
    try await store.open()
    // Two units, each an hour.
    let terms = QuotaTerms(interval: 3_600_000_000_000, capacity: 7_200_000_000_000)
    let draw = QuotaDraw(bucket: "one", terms: terms, wanted: 2)
    #expect(try await store.draw([draw]).grants.map(\.units) == [2])
    // Whatever was written before it is on disk with it.
    _ = try await store.commit(records.insert(records.key()))
    try server.stop(.immediate)
    try server.start()
    var grants: [Int64] = []
    try await eventually {
      do throws(StoreError) {
        grants = try await store.draw([draw]).grants.map(\.units)
        return true
      } catch { return false }
    }
    #expect(grants == [0])
    await store.close()
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

  /// Migrations that are killed; `CARDEA_MIGRATIONS` says how many.
  private static let migrations =
    ProcessInfo.processInfo.environment["CARDEA_MIGRATIONS"].flatMap { Int($0) } ?? 3

  @Test("D9: a migration that is killed midway leaves nothing, and the next one does the whole")
  func killedMigrations() async throws {
    let whole = try TestDatabase()
    let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('cardea')"
    let count = try #require(Int(try whole.query(tables)))
    for round in 0..<PostgreSQLDurabilityTests.migrations {
      let database = try TestDatabase(isEmpty: true)
      // It stands still behind so many tables and indexes, from the first to the last.
      let last = 1 + round * (count - 1) / max(1, PostgreSQLDurabilityTests.migrations - 1)
      try database.query(
        """
        CREATE FUNCTION stand_still() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
          IF (\(tables)) >= \(last) THEN PERFORM pg_sleep(600); END IF; END $$;
        CREATE EVENT TRIGGER stands_still ON ddl_command_end EXECUTE FUNCTION stand_still()
        """)
      let writer = try ChildProcess("count", database.url(), "1")
      let sleepers = """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event = 'PgSleep'
        """
      try await eventually { try database.query(sleepers) == "1" }
      writer.kill()
      // The server notices within a second.
      try await eventually { try database.query(sleepers) == "0" }
      try await eventually { try database.query(tables) == "0" }
      try database.query("DROP EVENT TRIGGER stands_still")
      let (store, records) = (try database.store(), try Records())
      try await store.open()
      _ = try await store.commit(records.insert(records.key()))
      #expect(try database.query(tables) == "\(count)")
      await store.close()
    }
  }

  /// Kerberos' library can't be asked while the process ends: it aborts then, whatever the process has done.
  @Test("a connection asks nothing of Kerberos, unless its URL says so", arguments: [false, true])
  func noKerberos(_ isWanted: Bool) async throws {
    let database = try TestDatabase()
    let folder = try Folder()
    let url = database.url(through: [], isWanted ? ["gssencmode=prefer"] : [])
    let writer = try ChildProcess(
      "count", url, "1",
      tracer: ["strace", "-f", "-e", "trace=%file", "-o", folder.path("trace")])
    #expect(try writer.remainingLines().contains { $0.hasPrefix("ack ") })
    let trace = try String(contentsOfFile: folder.path("trace"), encoding: .utf8)
    #expect(trace.contains("/krb5.conf") == isWanted)
  }

  @Test("D3: a full disk refuses changes, keeps what it has, and recovers without a restart")
  func fullDisk() async throws {
    let server = try PostgreSQLServer()
    let database = try TestDatabase(on: server)
    let (store, records) = (try database.store(), try Records())
    try await store.open()
    // The payloads' table becomes larger than a segment of the write-ahead log, and then can't grow any more.
    try database.query(
      """
      INSERT INTO cardea.signal_payloads SELECT n, decode(repeat(md5(n::text), 60), 'hex'), 'salt'
      FROM generate_series(4000000, 4020000) n
      """)
    let size = try #require(
      Int(try database.query("SELECT pg_relation_size('cardea.signal_payloads_0')")))
    try #require(size > 17 << 20)
    try server.limitFiles(to: size + 4_096)
    var kept: [KeyRecord] = []
    var refused: (key: KeyRecord, error: StoreError)?
    while refused == nil, kept.count < 20_000 {
      let batch = (0..<50).map { _ in records.key() }
      let outcomes = await withTaskGroup(of: (KeyRecord, StoreError?).self) { group in
        for key in batch {
          group.addTask { (key, await refusal(of: records.insert(key), by: store)) }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      for (key, error) in outcomes {
        if let error { refused = (key, error) } else { kept.append(key) }
      }
    }
    let (key, error) = try #require(refused)
    guard case .unavailable(let reason) = error else { throw error }
    #expect(reason.contains("free space"), "\(reason)")
    #expect(try await store.find(prefix: key.prefix) == nil)
    for key in kept { #expect(try await store.find(prefix: key.prefix)?.key == key) }
    #expect(try await verifiedLog(of: store, records.chain).count == kept.count)

    try server.limitFiles(to: nil)
    #expect(try await store.commit(records.insert(records.key())) == Int64(kept.count) + 1)
    #expect(try await verifiedLog(of: store, records.chain).count == kept.count + 1)
    await store.close()
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
