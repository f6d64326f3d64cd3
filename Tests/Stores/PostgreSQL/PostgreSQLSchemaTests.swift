import CardeaLifecycle
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaPostgreSQL

@Suite("PostgreSQL schema") struct PostgreSQLSchemaTests {
  @Test("a migrated database is what schema.sql makes")
  func checkedInSchema() async throws {
    let migrated = try TestDatabase(isEmpty: true)
    let store = try migrated.store()
    try await store.open()
    await store.close()
    let written = try TestDatabase(isEmpty: true)
    try Tool.run(
      "psql",
      [
        "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", written.server.url(written.name), "-f",
        schemaFile.path,
      ])
    let (dump, expected) = (try dump(migrated), try dump(written))
    #expect(
      dump == expected,
      "Sources/Plugins/Stores/PostgreSQL/schema.sql differs from what the migrations make")
    #expect(dump.contains("PARTITION BY HASH (prefix)"))
  }

  /// Everything but the rows, and the few rows of a new database.
  private func dump(_ database: TestDatabase) throws -> String {
    try Tool.run(
      "pg_dump", ["--no-owner", "--schema=cardea", "-d", database.server.url(database.name)]
    )
    .split(separator: "\n").filter { !$0.hasPrefix("--") && !$0.hasPrefix("\\") }
    .joined(separator: "\n")
  }

  private var schemaFile: URL {
    URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../Sources/Plugins/Stores/PostgreSQL/schema.sql").standardized
  }

  @Test(
    "a prefix's partition is the one where the server keeps it, and a lookup asks that one alone")
  func partitionOfAPrefix() async throws {
    let prefixes = (0..<200).map { "tok_" + String(UUID().uuidString.prefix($0 % 32)) } + ["", "é"]
    let database = try TestDatabase()
    let rows = prefixes.map { "('\($0)', \(PartitionHash.partition(of: $0, among: 8)))" }
    #expect(
      try database.query(
        """
        SELECT bool_and(satisfies_hash_partition('cardea.keys'::regclass, 8, p, t))
        FROM (VALUES \(rows.joined(separator: ","))) x (t, p)
        """) == "t")
    let (store, records) = (try database.store(), try Records())
    try await store.open()
    let key = records.key()
    _ = try await store.commit(records.insert(key))
    #expect(try await store.find(prefix: key.prefix)?.key == key)
    let partition = PartitionHash.partition(of: key.prefix, among: 8)
    #expect(try database.server.log().contains("FROM cardea.keys_\(partition) k"))
    await store.close()
  }

  @Test("tables that were divided otherwise are read as a whole")
  func otherPartitions() async throws {
    let database = try TestDatabase()
    let records = try Records()
    let key = records.key()
    let partition = PartitionHash.partition(of: key.prefix, among: 8)
    try database.query("ALTER TABLE cardea.keys_\(partition) RENAME TO moved")
    let store = try database.store()
    try await store.open()
    _ = try await store.commit(records.insert(key))
    #expect(try await store.find(prefix: key.prefix)?.key == key)
    await store.close()
  }

  @Test("several nodes that come first at once make one set of tables")
  func together() async throws {
    let database = try TestDatabase(isEmpty: true)
    let stores = try (0..<6).map { _ in try database.store() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for store in stores { group.addTask { try await store.open() } }
      try await group.waitForAll()
    }
    #expect(try database.query("SELECT version FROM cardea.schema_version") == "\(Schema.version)")
    for store in stores { await store.close() }
  }

  @Test("what an earlier program has made is brought up to date, with what is in it")
  func earlier() async throws {
    let database = try TestDatabase()
    try database.query(
      """
      ALTER TABLE cardea.quota_buckets SET UNLOGGED;
      INSERT INTO cardea.quota_buckets VALUES ('one', 7);
      DROP INDEX cardea.idempotency_by_key;
      UPDATE cardea.schema_version SET version = 1
      """)
    let store = try database.store()
    try await store.open()
    #expect(
      try database.query(
        """
        SELECT version, relpersistence, full_at FROM cardea.schema_version, cardea.quota_buckets,
          pg_class WHERE oid = 'cardea.quota_buckets'::regclass
        """) == "\(Schema.version)|p|7")
    let index = "SELECT to_regclass('cardea.idempotency_by_key') IS NOT NULL"
    #expect(try database.query(index) == "t")
    await store.close()
  }

  @Test("a database that a newer program has migrated is refused, also by a node that runs already")
  func newer() async throws {
    let database = try TestDatabase()
    let running = try database.store()
    try await running.open()
    #expect(try running.poll(after: 0, limit: 9) == [])
    try database.query("UPDATE cardea.schema_version SET version = \(Schema.version + 1)")
    let store = try database.store()
    let refusal = await #expect(throws: StoreError.self) { try await store.open() }
    #expect("\(try #require(refusal))".contains("a newer one was here"))
    let poll = #expect(throws: StoreError.self) { try running.poll(after: 0, limit: 9) }
    #expect("\(try #require(poll))".contains("a newer program"))
    #expect(running.cautions.contains { $0.contains("a newer program") })
    let lookup = await #expect(throws: StoreError.self) { try await running.find(prefix: "tok_x") }
    #expect("\(try #require(lookup))".contains("a newer program"))
    // Nor does it list, write, move its log or claim a subscription.
    let records = try Records()
    for work in [
      { _ = try await running.keys(KeyQuery(now: Timestamp(milliseconds: 0), limit: 1)) },
      { _ = try await running.commit(records.insert(records.key())) },
      {
        _ = try await running.claim(
          SubscriptionClaim(
            name: "s", holder: "h", now: Timestamp(milliseconds: 0),
            until: Timestamp(milliseconds: 1), start: 0))
      },
    ] as [@Sendable () async throws -> Void] {
      let refused = await #expect(throws: StoreError.self) { try await work() }
      #expect("\(try #require(refused))".contains("a newer program"))
    }
    #expect(try database.query("SELECT count(*) FROM cardea.keys") == "0")
    // As before, from a backup.
    try database.query("UPDATE cardea.schema_version SET version = \(Schema.version)")
    #expect(try running.poll(after: 0, limit: 9) == [])
    #expect(try await running.find(prefix: "tok_x") == nil)
    await running.close()
  }

  @Test("the log goes on past the end of a partition, and a whole partition is pruned at once")
  func partitions() async throws {
    let database = try TestDatabase()
    let (store, records) = (try database.store(), try Records())
    try await store.open()
    for number in 1...2 {
      _ = try await store.commit(records.insert(records.key(at: Int64(number))))
    }
    // As if the first partition were nearly full.
    try database.query("UPDATE cardea.signal_log_head SET position = 4999999")
    for number in 3...6 {
      #expect(
        try await store.commit(records.insert(records.key(at: Int64(number)))) == 4_999_997
          + Int64(number))
    }
    #expect(
      try database.query("SELECT count(*) FROM cardea.signal_log_1") == "3")
    #expect(
      try await store.log(after: 4_999_998, limit: 9).map(\.position) == [
        5_000_000, 5_000_001, 5_000_002, 5_000_003,
      ])
    // Part of a partition first: one by one.
    #expect(try await store.pruneSignals(through: 1, limit: 9) == 1)
    #expect(try await store.pruneSignals(through: 5_000_000, limit: 9) == 4_999_999)
    #expect(try database.query("SELECT count(*) FROM cardea.signal_payloads_0") == "0")
    let left = try await store.log(after: 0, limit: 9)
    #expect(left.map { $0.payload != nil } == [false, false, false, true, true, true])
    await store.close()
  }

  @Test("a partition is made while the access log's writer is in the middle of a transaction")
  func partitionBesideBatch() async throws {
    let database = try TestDatabase()
    let (store, records) = (try database.store(), try Records())
    try await store.open()
    try database.query("UPDATE cardea.signal_log_head SET position = 4999999")
    let stall = try Stall("SELECT number FROM cardea.access_log_head FOR UPDATE", database)
    let batch = records.batch("one", [records.access()])
    async let appended = store.append(batch)
    try await eventually { try database.waiters() == 1 }
    for number in 1...3 {
      _ = try await store.commit(records.insert(records.key(at: Int64(number))))
    }
    #expect(try database.query("SELECT count(*) FROM cardea.signal_log_1") == "2")
    #expect(try database.waiters() == 1)
    try stall.end()
    #expect(try await appended.position == 1)
    await store.close()
  }
}
