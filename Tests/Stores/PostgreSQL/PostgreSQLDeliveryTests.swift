import CardeaLifecycle
import CardeaTestSupport
import Foundation
import Testing

/// S7 on two nodes: a durable subscription that both have, each a process of its own.
@Suite("durable delivery by many nodes") struct PostgreSQLDeliveryTests {
  @Test("one node delivers each entry; when it is killed another goes on from what it acknowledged")
  func takeover() async throws {
    let database = try TestDatabase()
    // Whoever holds the lock keeps what is delivered from being acknowledged.
    try database.query(
      """
      CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$;
      CREATE TRIGGER hold_up BEFORE UPDATE OF position ON cardea.subscriptions
        FOR EACH ROW EXECUTE FUNCTION hold_up()
      """)
    let nodes = try (0..<2).map { _ in try DeliveringNode(database.url()) }
    let store = try database.store()
    let kernel = try await StandingKernel.start(SystemClock(), recording: false) { $0.use(store) }

    let before = try await makeKeys(20, kernel)
    let last = try #require(before.last)
    let acknowledged = "SELECT position FROM cardea.subscriptions WHERE name = 'printer'"
    try await eventually {
      try nodes.flatMap(\.seen).sorted() == before && database.query(acknowledged) == "\(last)"
    }

    let stall = try Stall("SELECT pg_advisory_xact_lock(1)", database)
    let after = try await makeKeys(20, kernel)
    let waiting = """
      SELECT pid FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event = 'advisory'
      """
    try await eventually {
      try nodes.contains { $0.last > last } && !database.query(waiting).isEmpty
    }
    let session = try database.query(waiting)
    let first = try #require(nodes.first { $0.last > last })
    let other = try #require(nodes.first { $0 !== first })
    first.kill()
    // What it has sent is not done any more.
    try await eventually {
      try database.query("SELECT count(*) FROM pg_stat_activity WHERE pid = \(session)") == "0"
    }
    #expect(try database.query(acknowledged) == "\(last)")
    try stall.end()
    try await eventually { other.seen.filter { $0 > last } == after }
    let more = try await makeKeys(5, kernel)
    try await eventually { other.seen.filter { $0 > last } == after + more }
    await kernel.shutdown()
  }

  /// Where the log tells of them.
  private func makeKeys(_ count: Int, _ kernel: AuthKernel) async throws -> [Int64] {
    var positions: [Int64] = []
    for _ in 0..<count {
      positions.append(try await kernel.createKey(NewKey(name: "k"), by: .host).receipt.position)
    }
    return positions
  }
}

/// A node that delivers and says what, until it is killed or nobody holds it any more.
private final class DeliveringNode: Sendable {
  private let child: ChildProcess
  private let delivered = Locked<[Int64]>([])

  init(_ url: String) throws {
    child = try ChildProcess("deliver", url, "0")
    while let line = try child.nextLine(), line != "started" {}
    let (child, delivered) = (self.child, self.delivered)
    // A thread that may be blocked.
    Thread.detachNewThread {
      while let line = try? child.nextLine() {
        let position = line.split(separator: " ").last.flatMap { Int64($0) }
        if let position { delivered.withLock { $0.append(position) } }
      }
    }
  }

  deinit { child.kill() }

  /// Positions of what it has delivered, in its order.
  var seen: [Int64] { delivered.withLock { $0 } }
  /// The last of them; 0 before the first.
  var last: Int64 { seen.last ?? 0 }

  func kill() { child.kill() }
}
