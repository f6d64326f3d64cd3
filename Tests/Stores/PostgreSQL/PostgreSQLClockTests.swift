import CardeaLifecycle
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaPostgreSQL

/// Two nodes of one database whose clocks are hours apart.
@Suite("Clocks of nodes on PostgreSQL") struct PostgreSQLClockTests {
  /// This machine's clock, set wrong.
  private struct WrongClock: KernelClock {
    let ahead: Duration

    func now() -> Timestamp { SystemClock().now().adding(ahead) ?? .latest }
    func monotonic() -> UInt64 { SystemClock().monotonic() }
  }

  /// Of a machine that may have been suspended.
  private struct SleptClock: KernelClock {
    let slept = Locked<UInt64>(0)

    func now() -> Timestamp { SystemClock().now() }
    func monotonic() -> UInt64 { SystemClock().monotonic() + slept.withLock { $0 } }
  }

  private let database: TestDatabase
  private let late: AuthKernel
  private let early: AuthKernel

  init() async throws {
    database = try TestDatabase()
    late = try await PostgreSQLClockTests.node("late", .seconds(-3 * 3_600), database)
    early = try await PostgreSQLClockTests.node("early", .seconds(2 * 3_600), database)
  }

  private static func node(
    _ name: String, _ ahead: Duration, _ database: TestDatabase
  ) async throws -> AuthKernel {
    let store = try database.store()
    return try await StandingKernel.start(WrongClock(ahead: ahead)) {
      $0.nodeName = name
    } plugins: {
      $0.use(store)
    }
  }

  private func end() async {
    await late.shutdown()
    await early.shutdown()
  }

  /// As of the server's clock.
  private func expire(_ key: KeyRecord, in seconds: Int) throws {
    try database.query(
      """
      UPDATE cardea.keys
      SET expires_at = (extract(epoch FROM clock_timestamp()) * 1000)::bigint + \(seconds) * 1000
      WHERE prefix = '\(key.prefix)'
      """)
  }

  @Test("what has expired by the server's clock is denied by the node that is behind it")
  func expired() async throws {
    let issued = try await late.createKey(NewKey(name: "a key"), by: .host)
    try expire(issued.stored.key, in: -60)
    for node in [late, early] {
      #expect(await node.authenticate(Presented(issued.token)).denial?.reason == .expired)
    }
    await end()
  }

  @Test("what is in force by the server's clock is allowed by both")
  func inForce() async throws {
    let issued = try await late.createKey(NewKey(name: "a key"), by: .host)
    try expire(issued.stored.key, in: 3_600)
    for node in [late, early] {
      #expect(await node.authenticate(Presented(issued.token)).identity != nil)
    }
    await end()
  }

  @Test("both write the server's time, and neither forgets what was done a moment ago")
  func stamps() async throws {
    var made: [IssuedKey] = []
    for node in [early, late] {
      let issued = try await node.createKey(NewKey(name: "a key"), by: .host)
      let apart = try database.query(
        """
        SELECT abs((extract(epoch FROM clock_timestamp()) * 1000)::bigint - created_at)
        FROM cardea.keys WHERE prefix = '\(issued.stored.key.prefix)'
        """)
      #expect(try #require(Int(apart)) < 60_000)
      made.append(issued)
    }
    let far = try await PostgreSQLClockTests.node("far", .seconds(25 * 3_600), database)
    // What was sent twice makes one key, also a day's difference apart.
    var once = NewKey(name: "once")
    once.idempotency = IdempotencyClaim(key: "once", bodyDigest: [1])
    let first = try await early.createKey(once, by: .host)
    do throws(LifecycleError) {
      _ = try await far.createKey(once, by: .host)
      Issue.record("two keys were made")
    } catch { #expect(error == .alreadyDone(keyID: first.stored.key.id)) }
    await far.shutdown()
    // A program that starts later finds nothing ahead of its time.
    let next = try await PostgreSQLClockTests.node("next", .zero, database)
    #expect(next.nodeWarnings.allSatisfy { $0.code != "time_ahead" })
    #expect(await next.authenticate(Presented(made[0].token)).identity != nil)
    await next.shutdown()
    await end()
  }

  @Test("what the machine has slept has passed, before the server can be asked again")
  func suspended() async throws {
    let clock = SleptClock()
    let store = try PostgreSQLStore(url: database.url(), clock: clock)
    try await store.open()
    let before = try #require(store.storeTime)
    clock.slept.withLock { $0 = 8 * 3_600 * 1_000_000_000 }
    let after = try #require(store.storeTime)
    #expect(after.milliseconds - before.milliseconds >= 8 * 3_600 * 1_000)
    await store.close()
    await end()
  }

  @Test("each is warned of its own clock, and both obey a revocation")
  func warnings() async throws {
    #expect(late.nodeWarnings.contains { $0.summary.contains("behind the store's") })
    #expect(early.nodeWarnings.contains { $0.summary.contains("ahead of the store's") })
    let issued = try await early.createKey(NewKey(name: "a key"), by: .host)
    for node in [late, early] {
      #expect(await node.authenticate(Presented(issued.token)).identity != nil)
    }
    let revoked = try await late.revokeKey(issued.stored.key.id, by: .host)
    let receipt = await late.waitForConfirmation(of: revoked.receipt)
    #expect(receipt.confirmed == ["early", "late"] && receipt.pending.isEmpty)
    for node in [late, early] {
      #expect(await node.authenticate(Presented(issued.token)).denial?.reason == .revoked)
    }
    await end()
  }

  @Test(
    "a subscription is held by the server's time, whatever time it is for the node that holds it")
  func subscription() async throws {
    let delivered = Locked<[String]>([])
    for (name, node) in [("late", late), ("early", early)] {
      let subscription = node.signals.subscribe(
        KeyCreated.self, id: "listener.mail", .durable(cursor: "mail")
      ) { _ in delivered.withLock { $0.append(name) } }
      _ = try await node.createKey(NewKey(name: "a key"), by: .host)
      try await eventually { delivered.withLock { $0.last } == name }
      // For ten seconds from when it was claimed.
      let left = try database.query(
        """
        SELECT until - (extract(epoch FROM clock_timestamp()) * 1000)::bigint
        FROM cardea.subscriptions WHERE name = 'mail'
        """)
      let milliseconds = try #require(Int(left))
      #expect((-50_000...10_500).contains(milliseconds), "\(name): \(left) ms")
      await node.shutdown()
      _ = subscription
    }
    #expect(delivered.withLock { $0 } == ["late", "early"])
  }
}
