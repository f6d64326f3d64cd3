import CardeaLifecycle
import CardeaPostgreSQL
import CardeaTestSupport
import Foundation
import Testing

/// Servers that are away, slow, read only, full, or another than before.
@Suite("PostgreSQL faults", .serialized) struct PostgreSQLFaultTests {
  // MARK: On opening

  @Test("what is wrong is named, with what helps, and never a password")
  func opening() async throws {
    let server = try PostgreSQLServer.running()
    let database = try TestDatabase()
    let place = "127.0.0.1:\(server.port)/\(database.name)"
    let password = PostgreSQLServer.password.replacing(" ", with: "%20")
    let user = "\(PostgreSQLServer.role):\(password)"
    let latin = "latin-\(UUID().uuidString)"
    try server.query(
      "CREATE DATABASE \"\(latin)\" OWNER cardea ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    for (url, problem, remedy) in [
      ("postgres://cardea:wrong-word@\(place)", "password authentication failed", "PGPASSWORD"),
      (
        "postgres://\(user)@127.0.0.1:\(server.port)/nowhere", "nowhere", "create the database"
      ),
      ("postgres://\(user)@127.0.0.1:1/x", "Connection refused", "is the server running"),
      (
        "postgres://\(user)@127.0.0.1:\(server.port)/\(latin)", "encoding is not UTF8",
        "ENCODING"
      ),
      (
        "postgres://\(user)@\(place)?sslmode=verify-full&sslrootcert=/nowhere.pem", "certificate",
        "sslrootcert"
      ),
    ] {
      let store = try PostgreSQLStore(url: url)
      let error = await #expect(throws: StoreError.self) { try await store.open() }
      let text = "\(try #require(error))"
      #expect(text.contains(problem) && text.contains(remedy), "\(text)")
      #expect(!text.contains("wrong-word") && !text.contains(PostgreSQLServer.password))
      await #expect(throws: StoreError.self) { try await store.logHead() }
    }
    try server.query("DROP DATABASE \"\(latin)\"")
  }

  @Test("TLS is verified: the right root is taken, another name is not")
  func tls() async throws {
    let database = try TestDatabase()
    let root = "sslrootcert=\(database.server.certificate)"
    let store = try database.store(through: [], "sslmode=verify-full", root)
    try await store.open()
    #expect(
      try database.server.query(
        "SELECT bool_and(ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) "
          + "WHERE a.datname = '\(database.name)'") == "t")
    await store.close()
    let elsewhere = try PostgreSQLStore(
      url: database.url(through: [], ["sslmode=verify-full", root, "hostaddr=127.0.0.1"])
        .replacing("@127.0.0.1", with: "@elsewhere.example"))
    await #expect(throws: StoreError.self) { try await elsewhere.open() }
  }

  @Test("a standby is refused, and found past it is the primary of the same URL")
  func standby() async throws {
    let primary = try PostgreSQLServer()
    let standby = try PostgreSQLServer(following: primary)
    let database = try TestDatabase(on: primary)
    try standby.waitUntilCaughtUp(with: primary)
    let alone = try database.store(through: [standby.port])
    let error = await #expect(throws: StoreError.self) { try await alone.open() }
    #expect("\(try #require(error))".contains("read-only"))
    let store = try database.store(through: [standby.port, primary.port])
    try await store.open()
    #expect(store.cautions.contains { $0.contains("no standby is synchronous") })
    await store.close()
  }

  @Test("a server with no connection to spare is named as that")
  func exhausted() async throws {
    let server = try PostgreSQLServer(
      settings: ["max_connections": "8", "superuser_reserved_connections": "2"])
    let database = try TestDatabase(on: server)
    let first = try database.store()
    let error = await #expect(throws: StoreError.self) {
      try await first.open()
      let second = try database.store()
      try await second.open()
    }
    #expect("\(try #require(error))".contains("max_connections"))
    await first.close()
  }

  // MARK: While it serves

  @Test("a server that was killed denies at once, and serves again without a restart of ours")
  func killed() async throws {
    let server = try PostgreSQLServer()
    let database = try TestDatabase(on: server)
    let (store, records) = (try database.store(), try Records())
    try await store.open()
    let key = records.key()
    _ = try await store.commit(records.insert(key))
    try server.stop(.immediate)
    await #expect(throws: StoreError.self) { try await store.find(prefix: key.prefix) }
    await #expect(throws: StoreError.self) { try await store.commit(records.insert(records.key())) }
    #expect(throws: StoreError.self) { try store.poll(after: 0, limit: 9) }
    #expect(store.cautions.contains { $0.contains("can't be followed") })
    try server.start()
    try await eventually { try await store.find(prefix: key.prefix) != nil }
    try await eventually { (try? await store.commit(records.insert(records.key(at: 9)))) != nil }
    try await eventually { (try? store.poll(after: 0, limit: 9).count) == 2 }
    await store.close()
  }

  @Test(
    "who the nodes are outlives a crash of the server, and nobody waits for a standby to say it")
  func nodes() async throws {
    let server = try PostgreSQLServer()
    let database = try TestDatabase(on: server)
    let stores = try (0..<2).map { _ in try database.store() }
    for (number, store) in stores.enumerated() {
      try await store.open()
      let card = NodeCard(id: UUID(), name: "node \(number)", lease: .seconds(60), version: "1.0")
      try await store.join(card) {}
      _ = try store.poll(after: 0, limit: 9)
    }
    try server.stop(.immediate)
    try server.start()
    // None of them has polled since.
    try await eventually { try await stores[0].nodes().map(\.node.name) == ["node 0", "node 1"] }
    try await eventually { (try? stores[0].poll(after: 0, limit: 9)) != nil }
    try server.configure(["synchronous_standby_names": "'nobody'"])
    // Else nothing could be committed any more, the end of the database neither.
    defer { try? server.configure([:]) }
    #expect(try stores[0].poll(after: 0, limit: 9) == [])
    await stores[0].close()
    #expect(try await stores[1].nodes().map(\.node.name) == ["node 1"])
    await stores[1].close()
  }

  @Test("that a node is heard of again after a silence outlives a crash of the server")
  func heardOfAgain() async throws {
    // What nobody waits for is lost by a crash for as long.
    let server = try PostgreSQLServer(settings: ["wal_writer_delay": "10s"])
    let database = try TestDatabase(on: server)
    let store = try database.store()
    try await store.open()
    let card = NodeCard(id: UUID(), name: "one", lease: .seconds(60), version: "1.0")
    try await store.join(card) {}
    _ = try store.poll(after: 0, limit: 9)
    try database.query("UPDATE cardea.nodes SET seen = seen - interval '50 minutes'")
    _ = try store.poll(after: 0, limit: 9)
    try server.stop(.immediate)
    try server.start()
    let isRecent = "SELECT seen > clock_timestamp() - interval '25 minutes' FROM cardea.nodes"
    #expect(try database.query(isRecent) == "t")
    await store.close()
  }

  @Test(
    "nothing waits longer than its deadline for a server that says nothing",
    arguments: [
      FaultProxy.Mode.drop, .dropAnswers, .delay(.seconds(1)), .halfClose, .halfCloseRequests,
      .reset,
    ])
  func silent(_ mode: FaultProxy.Mode) async throws {
    let database = try TestDatabase()
    let proxy = try FaultProxy(before: database.server.port)
    let (store, records) = (
      try database.store(through: [proxy.port], "lookup_deadline=200ms", "change_deadline=400ms"),
      try Records()
    )
    try await store.open()
    let key = records.key()
    try await eventually { (try? await store.commit(records.insert(key))) != nil }
    proxy.mode = mode
    await #expect(throws: StoreError.self) { try await store.find(prefix: key.prefix) }
    await #expect(throws: StoreError.self) { try await store.commit(records.insert(records.key())) }
    #expect(throws: StoreError.self) { try store.poll(after: 0, limit: 9) }
    proxy.mode = .pass
    try await eventually { (try? await store.find(prefix: key.prefix)) != nil }
    try await eventually { (try? await store.commit(records.insert(records.key()))) != nil }
    await store.close()
  }

  @Test("an answer that was lost leaves the outcome unknown, and the change done or not, whole")
  func lostAnswer() async throws {
    let database = try TestDatabase()
    let proxy = try FaultProxy(before: database.server.port)
    let (store, records) = (
      try database.store(through: [proxy.port], "change_deadline=300ms"), try Records()
    )
    try await store.open()
    for round in 1...10 as ClosedRange<Int64> {
      let key = records.key(at: round)
      async let outcome: Int64 = store.commit(records.insert(key))
      try await Task.sleep(for: .milliseconds(Int(round)))
      proxy.mode = .dropAnswers
      let isDone = (try? await outcome) != nil
      proxy.mode = .pass
      try await eventually { (try? await store.logHead()) != nil }
      // What the server had begun it ends by itself.
      try await eventually {
        try database.query(
          "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(database.name)' AND backend_xid IS NOT NULL"
        ) == "0"
      }
      let found = try await store.find(prefix: key.prefix)
      let head = try await store.logHead().position
      if isDone { #expect(found != nil) }
      let kept = try database.query("SELECT count(*) FROM cardea.keys")
      #expect("\(head)" == kept, "changes and log entries differ")
    }
    await store.close()
  }

  // MARK: Order

  @Test("positions become visible in their order, though a transaction stalls before its commit")
  func stalled() async throws {
    let database = try TestDatabase()
    let (store, other, records) = (try database.store(), try database.store(), try Records())
    try await store.open()
    try await other.open()
    let stall = try Stall("SELECT position FROM cardea.signal_log_head FOR UPDATE", database)
    async let second: Int64 = other.commit(records.insert(records.key()))
    // It waits for the position that the stalled one holds.
    try await eventually {
      try database.query("SELECT count(*) > 0 FROM pg_locks WHERE NOT granted") == "t"
    }
    #expect(try store.poll(after: 0, limit: 9) == [])
    try stall.end()
    #expect(try await second == 1)
    #expect(try store.poll(after: 0, limit: 9).map(\.position) == [1])
    await store.close()
    await other.close()
  }

  @Test("a log that was rewritten under a node is noticed, and not followed")
  func rewritten() async throws {
    let database = try TestDatabase()
    let (store, records) = (try database.store(), try Records())
    try await store.open()
    for number in 1...3 {
      _ = try await store.commit(records.insert(records.key(at: Int64(number))))
    }
    #expect(try store.poll(after: 0, limit: 9).map(\.position) == [1, 2, 3])
    // As a standby has it that took over without the last change, and was written to.
    try database.query(
      """
      BEGIN; UPDATE cardea.signal_log SET hash = sha256('other') WHERE position = 3;
      UPDATE cardea.signal_log_head SET hash = sha256('other'); COMMIT
      """)
    #expect(throws: StoreError.conflict) { try store.poll(after: 3, limit: 9) }
    #expect(store.cautions.contains { $0.contains("position 3") && $0.contains("revocations") })
    #expect(try store.forgetHistory() == 3)
    #expect(try store.poll(after: 3, limit: 9) == [])
    try database.query("DELETE FROM cardea.signal_log WHERE position = 3")
    try database.query("UPDATE cardea.signal_log_head SET position = 2")
    #expect(throws: StoreError.conflict) { try store.poll(after: 3, limit: 9) }
    try database.query(
      "UPDATE cardea.signal_log_head SET hash = (SELECT hash FROM cardea.signal_log WHERE position = 2)"
    )
    #expect(try store.forgetHistory() == 2)
    #expect(try store.poll(after: 2, limit: 9) == [])
    await store.close()
  }

  @Test("a pooler in transaction mode: everything works, and the cautions say what is lost")
  func pooler() async throws {
    let database = try TestDatabase()
    let pooler = try PgBouncer(before: database.server, connections: 3)
    let (store, records) = (
      try database.store(through: [pooler.port], "pooler=transaction"), try Records()
    )
    try await store.open()
    let keys = (1...40).map { records.key(at: $0) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for key in keys {
        group.addTask {
          _ = try await store.commit(records.insert(key))
          #expect(try await store.find(prefix: key.prefix)?.key == key)
        }
      }
      try await group.waitForAll()
    }
    #expect(try store.poll(after: 0, limit: 100).count == 40)
    #expect(store.cautions.contains { $0.contains("no notifications") })
    await store.close()
  }

  @Test("a pooler that nobody told of mixes up what was prepared, and is found out")
  func undeclaredPooler() async throws {
    let database = try TestDatabase()
    let pooler = try PgBouncer(before: database.server, connections: 1)
    let (store, records) = (try database.store(through: [pooler.port]), try Records())
    try await store.open()
    let key = records.key()
    try await eventually { (try? await store.commit(records.insert(key))) != nil }
    try await eventually { try await store.find(prefix: key.prefix)?.key == key }
    // As another client's session, by which the pooler goes on.
    try Tool.run(
      "psql",
      [
        "-X", "-d", database.server.url(database.name, through: [pooler.port]), "-c",
        "DEALLOCATE ALL",
      ])
    let another = records.key(at: 1)
    _ = try await store.commit(records.insert(another))
    try await eventually { try await store.find(prefix: another.prefix)?.key == another }
    await store.close()
  }
}

/// Asks until it holds; given up late, on a machine that does not get there.
func eventually(
  _ condition: () async throws -> Bool, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
  let end = ContinuousClock.now + .seconds(60)
  while ContinuousClock.now < end {
    if (try? await condition()) == true { return }
    try await Task.sleep(for: .milliseconds(10))
  }
  Issue.record("it does not come true", sourceLocation: sourceLocation)
}
