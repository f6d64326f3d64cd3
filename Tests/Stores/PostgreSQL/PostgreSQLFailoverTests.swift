import CardeaLifecycle
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaPostgreSQL

/// Primaries that are replaced, standbys that come and go, and what is acknowledged meanwhile.
@Suite("PostgreSQL failover", .serialized) struct PostgreSQLFailoverTests {
  @Test("a standby that is lost while we run is warned of, and no more when it is back")
  func cautions() async throws {
    let server = try PostgreSQLServer()
    let database = try TestDatabase(on: server)
    let store = try database.store(through: [server.port, server.port])
    // It is not there: whatever is written waits.
    try server.configure(["synchronous_standby_names": "'other'"])
    try await store.open()
    func warns() -> Bool { store.cautions.contains { $0.contains("no standby is synchronous") } }
    #expect(!warns())
    try server.configure(["synchronous_standby_names": "''"])
    _ = try await store.nodes()
    #expect(warns())
    try server.configure(["synchronous_standby_names": "'other'"])
    _ = try await store.nodes()
    #expect(!warns())
    try server.configure([:])
    await store.close()
  }

  @Test("a commit whose wait for a standby was cut short is not acknowledged")
  func unreplicated() async throws {
    let server = try PostgreSQLServer()
    let database = try TestDatabase(on: server)
    let (store, records) = (try database.store(), try Records())
    try await store.open()
    _ = try await store.commit(records.insert(records.key()))
    try server.configure(["synchronous_standby_names": "'nobody'"])
    let key = records.key(at: 1)
    async let outcome = refusal(of: records.insert(key), by: store)
    try await eventually {
      try server.query(
        "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        == "1"
    }
    let error = await outcome
    try server.configure([:])
    let text = error.map { "\($0)" } ?? "it was acknowledged"
    #expect(text.contains("whether a standby has it"), "\(text)")
    #expect(try await store.find(prefix: key.prefix) != nil)
    _ = try await store.commit(records.insert(records.key(at: 2)))
    await store.close()
  }

  @Test(
    "a log that was rewritten before anything new was polled is noticed, and nobody said to have applied it"
  )
  func rewritten() async throws {
    let database = try TestDatabase()
    let (store, records) = (try database.store(), try Records())
    try await store.open()
    let node = NodeCard(id: UUID(), name: "one", lease: .seconds(1), version: "1.0")
    try await store.join(node) {}
    for number in 1...3 {
      _ = try await store.commit(records.insert(records.key(at: Int64(number))))
    }
    #expect(try store.poll(after: 3, limit: 9) == [])
    #expect(try await store.nodes().map(\.applied) == [3])
    try database.query(
      """
      UPDATE cardea.signal_log SET hash = sha256('other') WHERE position = 3;
      UPDATE cardea.signal_log_head SET hash = sha256('other')
      """)
    #expect(throws: StoreError.conflict) { try store.poll(after: 3, limit: 9) }
    // A receipt of the new log's position 3 must not name this node as one that obeys.
    #expect(try await store.nodes().map(\.applied) == [0])
    await store.close()
  }

  @Test("a host that swallows everything keeps nobody from the next")
  func blackHole() async throws {
    let database = try TestDatabase()
    let proxy = try FaultProxy(before: database.server.port)
    proxy.mode = .drop
    // Whoever waits for it waits for ten minutes.
    let store = try database.store(
      through: [proxy.port, database.server.port], "connect_timeout=600")
    let isOpen = Locked(false)
    let opening = Task {
      try await store.open()
      isOpen.withLock { $0 = true }
    }
    try await eventually { isOpen.withLock { $0 } }
    #expect(try await store.logHead() == LogHead(position: 0, hash: .zero))
    proxy.mode = .reset
    try await opening.value
    await store.close()
  }

  @Test(
    "when the log is followed on another server, everything is asked there, and nothing believed")
  func twoPrimaries() async throws {
    let former = try PostgreSQLServer()
    let next = try PostgreSQLServer(following: former)
    let database = try TestDatabase(on: former)
    let records = try Records()
    let store = try PostgreSQLStore(url: database.url(through: [former.port, next.port]))
    try await store.open()
    _ = try await store.commit(records.insert(records.key()))
    #expect(try store.poll(after: 0, limit: 9).count == 1)
    try next.waitUntilCaughtUp(with: former)
    try next.promote()
    // The former primary lives on, and lets nobody in any more but those who are there.
    try former.query("ALTER DATABASE \"\(database.name)\" CONNECTION LIMIT 0")
    let there = try PostgreSQLStore(
      url: next.url(database.name, through: [], ["lookup_deadline=30s"]))
    try await there.open()
    let key = records.key(at: 1)
    _ = try await there.commit(records.insert(key))
    await there.close()
    #expect(try await store.find(prefix: key.prefix) == nil)
    try former.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cardea watch'"
    )
    var refusals: [StoreError] = []
    try await eventually {
      do { return try store.poll(after: 1, limit: 9).count == 1 } catch let error as StoreError {
        refusals.append(error)
        if error == .conflict { #expect(try store.forgetHistory() == 1) }
        return false
      }
    }
    // Once, after the last of the former's answers.
    #expect(refusals.last == .conflict && refusals.count { $0 == .conflict } == 1)
    #expect(try await store.find(prefix: key.prefix)?.key == key)
    await store.close()
  }

  @Test("a former primary that comes back by itself is asked nothing, and named")
  func formerPrimary() async throws {
    let former = try PostgreSQLServer()
    let next = try PostgreSQLServer(following: former)
    let database = try TestDatabase(on: former)
    let records = try Records()
    let store = try PostgreSQLStore(url: database.url(through: [former.port, next.port]))
    try await store.open()
    _ = try await store.commit(records.insert(records.key()))
    #expect(try store.poll(after: 0, limit: 9).count == 1)
    try next.waitUntilCaughtUp(with: former)
    try former.stop(.immediate)
    try next.promote()
    let key = records.key(at: 1)
    try await eventually { (try? await store.commit(records.insert(key))) != nil }
    try former.start()
    #expect(try former.query("SELECT pg_is_in_recovery()") == "f")
    var answers = 0
    for _ in 0..<8 {
      try next.query(
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'cardea lookups'
        """)
      try await eventually {
        do throws(StoreError) {
          // Only the later primary knows it.
          #expect(try await store.find(prefix: key.prefix) != nil)
          answers += 1
          return true
        } catch { return false }
      }
    }
    #expect(answers == 8)
    try await eventually { store.cautions.contains { $0.contains("a former primary answers") } }
    await store.close()
  }

  @Test("a failover behind a pooler, which keeps our connections, is noticed, and nothing believed")
  func behindPooler() async throws {
    let former = try PostgreSQLServer()
    let next = try PostgreSQLServer(following: former)
    let database = try TestDatabase(on: former)
    let pooler = try PgBouncer(before: former)
    let (store, records) = (
      try database.store(through: [pooler.port], "pooler=transaction"), try Records()
    )
    try await store.open()
    _ = try await store.commit(records.insert(records.key()))
    #expect(try store.poll(after: 0, limit: 9).count == 1)
    try next.waitUntilCaughtUp(with: former)
    try next.promote()
    try pooler.lead(database.name, to: next)
    // The log is the same, but what was read meanwhile may be the former server's.
    #expect(throws: StoreError.conflict) { try store.poll(after: 1, limit: 9) }
    #expect(try store.forgetHistory() == 1)
    #expect(try store.poll(after: 1, limit: 9) == [])
    let key = records.key(at: 1)
    _ = try await store.commit(records.insert(key))
    #expect(try store.poll(after: 1, limit: 9).count == 1)
    #expect(try next.query("SELECT count(*) FROM cardea.keys", in: database.name) == "2")
    await store.close()
  }

  @Test("a connection that is lost leaves nothing behind")
  func leaks() async throws {
    let database = try TestDatabase()
    let link = Link(
      .lists, try PostgreSQLURL(database.url()), Lineage(), within: .seconds(30))
    try await link.open()
    weak let first = try link.connection()
    try database.query(
      """
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'cardea lists'
      """)
    try await eventually { (try? await link.run(Statement("SELECT 1"))) != nil }
    try await eventually { first == nil }
    link.close()
  }
}
