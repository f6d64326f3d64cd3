import CardeaLifecycle
import CardeaPostgreSQL
import Testing

/// What somebody else writes into the logs of a PostgreSQL database shows. `AuditTests` has the same of SQLite's.
@Suite("PostgreSQL logs that were tampered with") struct PostgreSQLTamperingTests {
  private static let columns = """
    at, action, reason, status, count, key_id, prefix, payload, salt, payload_digest, hash, path
    """

  private static let tamperings: [(sql: String, position: Int64, found: String)] = [
    (
      "UPDATE cardea.access_log SET salt = salt || payload, payload = '', path = NULL "
        + "WHERE position = 5", 5, "does not follow"
    ),
    (
      "UPDATE cardea.access_log SET salt = '', payload = salt || payload WHERE position = 5", 5,
      "does not follow"
    ),
    (
      "UPDATE cardea.signal_payloads SET salt = salt || payload, payload = '' WHERE position = 2",
      2, "does not follow"
    ),
    (
      "INSERT INTO cardea.access_log SELECT number + 100, node, 11, \(columns) "
        + "FROM cardea.access_log WHERE position = 5", 11, "past the head"
    ),
    (
      "INSERT INTO cardea.access_log SELECT number + 100, node, 1000011, \(columns) "
        + "FROM cardea.access_log WHERE position = 5", 1_000_011, "past the head"
    ),
    (
      "ALTER TABLE cardea.access_log DROP CONSTRAINT access_log_node_fkey; "
        + "INSERT INTO cardea.access_log SELECT number + 100, 99, position, \(columns) "
        + "FROM cardea.access_log WHERE position <= 3", 0, "no node's chain: 3"
    ),
    (
      "INSERT INTO cardea.signal_log SELECT 9, at, signal, key_id, prefix, owner_id, "
        + "payload_digest, hash FROM cardea.signal_log WHERE position = 2", 9, "past the head"
    ),
    (
      "UPDATE cardea.access_log SET number = 99 WHERE position = 5; "
        + "UPDATE cardea.access_log SET number = 5 WHERE position = 7; "
        + "UPDATE cardea.access_log SET number = 7 WHERE position = 5", 6, "the number"
    ),
    ("UPDATE cardea.access_log SET number = 11 WHERE position = 5", 5, "the number"),
    ("UPDATE cardea.signal_log SET prefix = '-' WHERE prefix IS NULL", 1, "does not follow"),
    (
      "UPDATE cardea.access_log SET payload = NULL, salt = NULL, path = NULL "
        + "WHERE position <= 4", 1, "if a purge of it was cut off, repeat it"
    ),
  ]

  @Test("each kind of tampering shows, and where", arguments: tamperings)
  func tampering(_ sql: String, _ position: Int64, _ found: String) async throws {
    let database = try TestDatabase()
    let (kernel, _) = try await filled(try database.store())
    let before = try await kernel.verifyAudit()
    #expect(before.isIntact, "\(before.faults)")
    try database.query(sql)
    let after = try await kernel.verifyAudit()
    #expect(after.faults.map(\.position) == [position])
    #expect(after.faults.first?.problem.contains(found) ?? false, "\(after.faults)")
    await kernel.shutdown()
  }

  @Test("an entry among those that were pruned shows") func belowTheBase() async throws {
    let database = try TestDatabase()
    let (kernel, clock) = try await filled(try database.store())
    clock.advance(seconds: 600)
    #expect(try await kernel.pruneAudit(olderThan: .seconds(60)).accessEntries == 10)
    let before = try await kernel.verifyAudit()
    #expect(before.isIntact, "\(before.faults)")
    try database.query(
      """
      INSERT INTO cardea.access_log
        (number, node, position, at, action, status, count, payload_digest, hash)
      SELECT 3, number, 3, 0, 'user_logged_in', 200, 7, decode(repeat('ab', 32), 'hex'),
        decode(repeat('ab', 32), 'hex') FROM cardea.access_nodes
      """)
    let after = try await kernel.verifyAudit()
    #expect(after.faults.map(\.position) == [3])
    #expect(after.faults.first?.problem.contains("among what was pruned") ?? false)
    await kernel.shutdown()
  }

  @Test("a number that is taken does not stand in the way of what follows")
  func takenNumber() async throws {
    let database = try TestDatabase()
    let store = try database.store()
    let (kernel, _) = try await filled(store)
    try database.query("UPDATE cardea.access_log SET number = 11 WHERE position = 5")
    let records = try Records()
    let head = try await store.append(records.batch("n", after: 10, [records.access(at: 10)]))
    #expect(head.position == 11)
    #expect(try await store.accessEntries(LogFilter(limit: 1)).map(\.number) == [12])
    try database.query("UPDATE cardea.access_log SET number = \(Int64.max) WHERE position = 5")
    await #expect(throws: StoreError.self) {
      try await store.append(records.batch("n", after: 11, [records.access(at: 11)]))
    }
    let report = try await kernel.verifyAudit()
    #expect(report.faults.map(\.position) == [5])
    await kernel.shutdown()
  }

  /// A kernel on the store, with two signals, the first of no key, and ten access entries.
  private func filled(
    _ store: PostgreSQLStore
  ) async throws -> (kernel: AuthKernel, clock: StandingClock) {
    let (records, clock) = (try Records(), StandingClock())
    let kernel = try await StandingKernel.start(clock) { $0.use(store) }
    let key = records.key()
    _ = try await store.commit(records.insert(records.owner("ada")))
    _ = try await store.commit(records.insert(key))
    _ = try await store.append(
      records.batch("n", (0..<10).map { records.access(of: key.id, at: $0) }))
    return (kernel, clock)
  }
}
