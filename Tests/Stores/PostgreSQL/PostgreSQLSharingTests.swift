import CardeaLifecycle
import CardeaPostgreSQL
import CardeaTestSupport
import Foundation
import Testing

/// Nodes that want the same rows at once, and databases that hold much.
@Suite("PostgreSQL shared by many") struct PostgreSQLSharingTests {
  // MARK: Locks

  @Test("nodes that claim several subscriptions at once never wait for each other in a circle")
  func claims() async throws {
    let database = try TestDatabase()
    let name = "claims-\(UUID().uuidString)"
    let stores = try (0..<2).map { _ in
      try database.store(through: [], "application_name=\(name)")
    }
    for store in stores { try await store.open() }
    let names = (1...8).map { "listener-\($0)" }
    let now = SystemClock().now()
    for _ in 1...10 {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (index, store) in stores.enumerated() {
          for cursor in index == 0 ? names : names.reversed() {
            group.addTask {
              _ = try await store.claim(
                SubscriptionClaim(
                  name: cursor, holder: "node \(index)", now: now,
                  until: now.adding(.seconds(10)) ?? .latest, start: 0))
            }
          }
        }
        try await group.waitForAll()
      }
    }
    #expect(try !database.server.log().contains("<\(name)> ERROR:  deadlock detected"))
    for store in stores { await store.close() }
  }

  @Test("nodes that empty one partition of the log at once never wait for each other in a circle")
  func prunes() async throws {
    let database = try TestDatabase()
    let name = "prunes-\(UUID().uuidString)"
    let stores = try (0..<2).map { _ in
      try database.store(through: [], "application_name=\(name)")
    }
    for store in stores { try await store.open() }
    for _ in 1...20 {
      try database.query(
        """
        INSERT INTO cardea.signal_payloads (position, payload, salt)
        SELECT n, 'payload', 'salt' FROM generate_series(1, 9) n
        """)
      let counts = try await withThrowingTaskGroup(of: Int.self) { group in
        for store in stores {
          group.addTask { try await store.pruneSignals(through: 5_000_000, limit: 9) }
        }
        return try await group.reduce(into: [Int]()) { $0.append($1) }
      }
      #expect(counts.sorted() == [0, 9])
    }
    #expect(try !database.server.log().contains("<\(name)> ERROR:  deadlock detected"))
    for store in stores { await store.close() }
  }

  @Test(
    "whoever reads a partition of the log, such as a dump, keeps it from being emptied, and nobody else waits"
  )
  func dump() async throws {
    let database = try TestDatabase()
    let store = try database.store()
    try await store.open()
    try database.query(
      """
      INSERT INTO cardea.signal_payloads (position, payload, salt)
      SELECT n, 'payload', 'salt' FROM generate_series(1, 9) n
      """)
    let dump = try Stall("SELECT count(*) FROM cardea.signal_payloads", database)
    let hasEnded = Locked(false)
    let prune = Task {
      defer { hasEnded.withLock { $0 = true } }
      return try await store.pruneSignals(through: 5_000_000, limit: 9)
    }
    // Whoever reads behind the one who wants to empty it waits as long as that does, and here that would be an error.
    let read = "SET lock_timeout = '2s'; SELECT count(*) FROM cardea.signal_payloads"
    repeat { #expect(try database.query(read).hasSuffix("9")) } while !hasEnded.withLock { $0 }
    await #expect(throws: StoreError.self) { try await prune.value }
    try dump.end()
    #expect(try await store.pruneSignals(through: 5_000_000, limit: 9) == 9)
    await store.close()
  }

  @Test("a long log is followed while something locks an old partition of it")
  func manyPartitions() async throws {
    let database = try TestDatabase()
    let head = try partitions(1...256, in: database)
    let store = try database.store()
    try await store.open()
    let stall = try Stall("LOCK TABLE cardea.signal_log_9; SELECT 1", database)
    #expect(try store.poll(after: head, limit: 9) == [])
    try stall.end()
    await store.close()
  }

  @Test("a log that becomes long while it is followed is followed like one that was before")
  func morePartitions() async throws {
    let database = try TestDatabase()
    let before = try partitions(1...255, in: database)
    let store = try database.store()
    try await store.open()
    // Plans of hundreds of partitions take a busy machine longer than a poll may.
    try await eventually { try store.poll(after: before, limit: 9) == [] }
    let head = try partitions(256...256, in: database)
    // By this one it is known.
    try await eventually { try store.poll(after: head, limit: 9) == [] }
    let stall = try Stall("LOCK TABLE cardea.signal_log_9; SELECT 1", database)
    #expect(try store.poll(after: head, limit: 9) == [])
    try stall.end()
    await store.close()
  }

  /// Adds partitions of the signal log, whose end is in the last of them from then on; there it is.
  private func partitions(
    _ numbers: ClosedRange<Int64>, in database: TestDatabase
  ) throws -> Int64 {
    let head = numbers.upperBound * 5_000_000 + 7
    try database.query(
      """
      SET ROLE \(PostgreSQLServer.role);
      DO $$ BEGIN FOR n IN \(numbers.lowerBound)..\(numbers.upperBound) LOOP
        EXECUTE format('CREATE TABLE cardea.signal_log_%s PARTITION OF cardea.signal_log
          FOR VALUES FROM (%s) TO (%s)', n, n * 5000000::bigint + 1, (n + 1) * 5000000::bigint + 1);
      END LOOP; END $$;
      UPDATE cardea.signal_log_head SET position = \(head)
      """)
    return head
  }

  @Test("a lookup that meets a lock is refused alone, and no connection ends")
  func lockedKeys() async throws {
    let database = try TestDatabase()
    let (store, records) = (
      try database.store(through: [], "lookups=1", "lookup_deadline=60s"), try Records()
    )
    try await store.open()
    let keys = (1...40).map { records.key(at: $0) }
    for key in keys { _ = try await store.commit(records.insert(key)) }
    let partition = try database.query(
      "SELECT tableoid::regclass FROM cardea.keys WHERE prefix = '\(keys[0].prefix)'")
    let locked = Set(
      try database.query("SELECT prefix FROM \(partition)").split(separator: "\n").map(String.init))
    let others = keys.filter { !locked.contains($0.prefix) }
    try #require(others.count > 10 && locked.contains(keys[0].prefix))
    let connections = """
      SELECT pid FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'cardea lookups'
      """
    let before = try database.query(connections)
    let stall = try Stall("LOCK TABLE \(partition); SELECT 1", database)
    let refused = Task { try await store.find(prefix: keys[0].prefix) }
    try await eventually { try database.waiters() == 1 }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for key in others {
        group.addTask {
          let found = try await store.find(prefix: key.prefix)
          #expect(found?.key == key)
        }
      }
      try await group.waitForAll()
    }
    await #expect(throws: StoreError.self) { try await refused.value }
    try stall.end()
    #expect(try await store.find(prefix: keys[0].prefix)?.key == keys[0])
    #expect(try database.query(connections) == before)
    await store.close()
  }

  @Test("a change that waits for a lock is given up by the server too")
  func locks() async throws {
    let database = try TestDatabase()
    let (store, records) = (
      try database.store(through: [], "change_deadline=300ms"), try Records()
    )
    try await store.open()
    _ = try await store.commit(records.insert(records.key()))
    let stall = try Stall("SELECT position FROM cardea.signal_log_head FOR UPDATE", database)
    for number in 1...5 {
      await #expect(throws: StoreError.self) {
        try await store.commit(records.insert(records.key(at: Int64(number))))
      }
    }
    try await eventually { try database.waiters() == 0 }
    try stall.end()
    try await eventually { (try? await store.commit(records.insert(records.key(at: 9)))) != nil }
    await store.close()
  }

  @Test("what the server does for us it gives up when we have hung up")
  func hungUp() async throws {
    let database = try TestDatabase()
    let (store, records) = (
      try database.store(through: [], "change_deadline=300ms"), try Records()
    )
    try await store.open()
    try database.query(
      """
      CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN PERFORM pg_sleep(600); RETURN NEW; END $$;
      CREATE TRIGGER hang BEFORE INSERT ON cardea.keys FOR EACH ROW EXECUTE FUNCTION hang()
      """)
    await #expect(throws: StoreError.self) { try await store.commit(records.insert(records.key())) }
    try await eventually {
      try database.query(
        """
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event = 'PgSleep'
        """) == "0"
    }
    await store.close()
  }

  @Test("a slow listing of what only operators read costs no lookup its connection")
  func management() async throws {
    let database = try TestDatabase()
    let store = try database.store(through: [], "lookup_deadline=10ms")
    try await store.open()
    let stall = try Stall("LOCK TABLE cardea.dead_letters; SELECT 1", database)
    async let letters = store.deadLetters(DeadLetterQuery())
    async let subscriptions = store.subscriptions()
    try await eventually { try database.waiters() == 1 }
    try stall.end()
    #expect(try await letters == [])
    #expect(try await subscriptions == [])
    await store.close()
  }

  // MARK: Much

  @Test("a key that was used a million times is purged in parts, and holds up no other change")
  func purge() async throws {
    let database = try TestDatabase()
    let (store, records) = (
      try database.store(through: [], "change_deadline=1s"), try Records()
    )
    try await store.open()
    let (key, another) = (records.key(), records.key(at: 1))
    for key in [key, another] { _ = try await store.commit(records.insert(key)) }
    let count = 200_000
    try database.query(
      """
      INSERT INTO cardea.access_nodes (name, position, sequence, hash, base_position, base_hash)
        VALUES ('one', \(count), \(count), sha256(''), 0, sha256(''));
      INSERT INTO cardea.access_log (number, node, position, at, action, status, count, key_id, prefix,
        payload, salt, payload_digest, hash, path)
      SELECT n, 1, n, n, 'user_logged_in', 200, 1,
        CASE n % 100 WHEN 0 THEN '\(another.id)'::uuid ELSE '\(key.id)' END, 'tok_used', 'payload',
        'salt', sha256(''), sha256(''), '/orders' FROM generate_series(1, \(count)) n;
      UPDATE cardea.access_log_head SET number = \(count)
      """)
    // One that is refused erases nothing.
    var late = purge(key, records)
    late.key = .replace(try #require(late.key?.record), expected: 7)
    #expect(await refusal(of: late, by: store) == .conflict)
    let left = "SELECT count(*) FROM cardea.access_log WHERE payload IS NOT NULL"
    #expect(try database.query(left) == "\(count)")
    async let purged = store.commit(purge(key, records))
    for number in 2...20 {
      _ = try await store.commit(records.insert(records.key(at: Int64(number))))
    }
    _ = try await purged
    #expect(try database.query(left) == "\(count / 100)")
    #expect(
      try database.query("\(left) AND key_id = '\(another.id)'") == "\(count / 100)")
    #expect(try await store.find(prefix: key.prefix)?.key.status == .purged)
    await store.close()
  }

  private func purge(_ key: KeyRecord, _ records: Records) -> StoreChange {
    var purge = records.replace(key) {
      $0.status = .purged
      $0.name = ""
      $0.secrets = []
    }
    purge.erasesLogOf = key.id
    return purge
  }

  @Test("a change reads its own owner, however many there are")
  func owners() async throws {
    let database = try TestDatabase()
    let (store, records) = (try database.store(), try Records())
    try await store.open()
    let owner = records.owner("one")
    _ = try await store.commit(records.insert(owner))
    var key = records.key(ownerID: owner.id)
    _ = try await store.commit(records.insert(key))
    try database.query(
      """
      INSERT INTO cardea.owners
        (id, kind, name, max_keys, disabled, created_at, metadata, members, revision)
      SELECT gen_random_uuid(), 'user', 'owner ' || n, -1, false, 0, '{}', '[]', 1
      FROM generate_series(1, 100000) n
      """)
    try database.query("ANALYZE cardea.owners")
    let before = try reads(of: "owners", database)
    for _ in 1...30 {
      _ = try await store.commit(records.replace(key))
      key.revision += 1
    }
    // The server counts late.
    try await eventually {
      try reads(of: "owners", database).byIndex >= before.byIndex + 30
    }
    // But for what was read while there were two.
    let read = try reads(of: "owners", database).inOrder - before.inOrder
    #expect(read < 1_000, "\(read) rows were read in order")
    await store.close()
  }

  @Test("how far a log can be pruned is found without reading it")
  func prunable() async throws {
    let database = try TestDatabase()
    let store = try database.store()
    try await store.open()
    let count = 300_000
    try database.query(
      """
      INSERT INTO cardea.signal_log (position, at, signal, payload_digest, hash)
        SELECT n, n, 'key_created', sha256(''), sha256('') FROM generate_series(1, \(count)) n;
      INSERT INTO cardea.signal_payloads (position, payload, salt)
        SELECT n, 'payload', 'salt' FROM generate_series(11, \(count)) n;
      UPDATE cardea.signal_log SET at = 250000 WHERE position = 195001;
      UPDATE cardea.signal_log_head SET position = \(count)
      """)
    for table in ["signal_log_0", "signal_payloads_0"] {
      try database.query("ANALYZE cardea.\(table)")
    }
    let before = try reads(of: "signal_log_0", database)
    let plan = try await store.prunable(before: Timestamp(milliseconds: 200_000))
    // An entry that is young enough keeps what comes after it.
    #expect(plan.signalPosition == 195_000)
    #expect(plan.signalPayloads == 195_000 - 10)
    try await eventually { try reads(of: "signal_log_0", database).byIndex > before.byIndex }
    let after = try reads(of: "signal_log_0", database)
    #expect(after.inOrder == before.inOrder)
    #expect(after.rows - before.rows < 20_000)
    await store.close()
  }

  @Test("what was written fast is pruned by the partition, what was written slowly by the entry")
  func wholePartitions() async throws {
    let database = try TestDatabase()
    let (store, records) = (try database.store(), try Records())
    try await store.open()
    // The first partition's first and last entry, one between them, and the next partition's first.
    for (number, head) in [nil, 3_999_999, 4_999_999, nil].enumerated() {
      if let head { try database.query("UPDATE cardea.signal_log_head SET position = \(head)") }
      _ = try await store.commit(records.insert(records.key(at: Int64(number))))
    }
    let (now, hour) = (SystemClock().now().milliseconds, Int64(3_600_000))
    func plan(olderThan hours: Double, first: Int) async throws -> PrunePlan {
      try database.query(
        """
        UPDATE cardea.signal_log l SET at = \(now) - e.age::bigint * \(hour)
        FROM (VALUES (1, \(first)), (4000000, 99), (5000000, 98), (5000001, 97)) e (position, age)
        WHERE l.position = e.position
        """)
      let age = Int64(hours * Double(hour))
      return try await store.prunable(before: Timestamp(milliseconds: now - age))
    }
    // Filled within two hours: until the last of it is old enough it stays, some hours more.
    #expect(try await plan(olderThan: 98.5, first: 100).isEmpty)
    let whole = try await plan(olderThan: 97.5, first: 100)
    #expect(whole.signalPosition == 5_000_000 && whole.signalPayloads == 5_000_000)
    // Filled within a hundred hours and more, of which nobody wants to wait for the last.
    let part = try await plan(olderThan: 98.5, first: 200)
    #expect(part.signalPosition == 4_000_000 && part.signalPayloads == 4_000_000)
    #expect(try await store.pruneSignals(through: whole.signalPosition, limit: 1) == 5_000_000)
    #expect(try database.query("SELECT count(*) FROM cardea.signal_payloads") == "1")
    await store.close()
  }

  /// How often a table was read by an index, and how many rows were read with one and without.
  private func reads(
    of table: String, _ database: TestDatabase
  ) throws -> (byIndex: Int, rows: Int, inOrder: Int) {
    let row = try database.query(
      """
      SELECT idx_scan, idx_tup_fetch, seq_tup_read FROM pg_stat_user_tables
      WHERE schemaname = 'cardea' AND relname = '\(table)'
      """
    ).split(separator: "|").compactMap { Int($0) }
    try #require(row.count == 3)
    return (row[0], row[1], row[2])
  }

  // MARK: Limits

  @Test("a bucket that another node's sweep takes in between is charged all the same")
  func sweptBucket() async throws {
    let database = try TestDatabase()
    let store = try database.store()
    try await store.open()
    // As another's sweep, once.
    try database.query(
      """
      CREATE SEQUENCE sweeps;
      GRANT USAGE ON SEQUENCE sweeps TO \(PostgreSQLServer.role);
      CREATE FUNCTION sweep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('public.sweeps') = 1 THEN DELETE FROM cardea.quota_buckets; END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER sweep AFTER INSERT ON cardea.quota_buckets EXECUTE FUNCTION sweep()
      """)
    // One unit an hour.
    let terms = QuotaTerms(interval: 3_600_000_000_000, capacity: 3_600_000_000_000)
    let draw = QuotaDraw(bucket: "one", terms: terms, wanted: 1)
    #expect(try await store.draw([draw]).grants.map(\.units) == [1])
    #expect(try await store.draw([draw]).grants.map(\.units) == [0])
    await store.close()
  }
}
