import CardeaKernel
import CardeaPostgreSQL
import CardeaTestSupport
import Foundation
import Testing

/// Two nodes of one database whose clocks are hours apart.
@Suite("Clocks of nodes on PostgreSQL") struct PostgreSQLClockTests {
  /// This machine's clock, set wrong.
  private struct WrongClock: KernelClock {
    let ahead: Duration

    func now() -> Timestamp { SystemClock().now().adding(ahead) ?? .latest }
    func monotonic() -> UInt64 { SystemClock().monotonic() }
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

  @Test("what is in force is allowed by the node that is behind, and denied too early by the other")
  func inForce() async throws {
    let issued = try await late.createKey(NewKey(name: "a key"), by: .host)
    try expire(issued.stored.key, in: 3_600)
    #expect(await late.authenticate(Presented(issued.token)).identity != nil)
    #expect(await early.authenticate(Presented(issued.token)).denial?.reason == .expired)
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
