import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Follows the signal log for the lease, and takes part in the list of nodes, on a connection of its own that also hears
/// the notifications of other nodes' changes.
///
/// One round trip tells what is new, that this node lives and how far it has applied the log, the server's clock, and
/// whether a newer program has changed the tables.
///
/// Threading: ``poll(after:limit:)`` blocks its caller, one at a time; the rest from any thread.
final class Watch: Sendable {
  private static let channel = "cardea_signal_log"
  /// Sent with the change, so heard only after it.
  static let notification = Statement("SELECT pg_notify('\(channel)', '')")

  let link: Link
  private let url: PostgreSQLURL
  private let lineage: Lineage
  private let machine: any KernelClock
  private let state: Locked<State>

  private struct State: Sendable {
    var node: NodeCard?
    var wake: (@Sendable () -> Void)?
    /// The last entry that a poll gave, as the chain has it.
    var last: (position: Int64, hash: Digest256)?
    /// The server's clock in milliseconds, and when it was read, by the machine's monotonic clock.
    var clock: (milliseconds: Int64, at: UInt64)?
    var cautions: [String] = []
    /// That the log was rewritten under this node, once it was.
    var lost: String?
    /// Why the last poll told nothing.
    var trouble: StoreError?
    /// How often the connection was lost, and how often then all others were made again.
    var losses = 0
    var renewals = 0
    /// Whether what was read before the last loss, or of another server, is still to be distrusted.
    var isBack = false
    /// Of the server's write-ahead log: it is another once a standby has taken over.
    var timeline: String?
    /// Up to where the log is known to be the same as before that.
    var common: Int64?
    /// The log's partition that was written to when it was judged last how to plan a poll.
    var partition: Int64?
  }

  /// - Parameters:
  ///   - machine: this machine's clock.
  ///   - limit: how long a poll may take. A lease that it could extend has run out by then.
  ///   - renew: makes all other connections again, and calls what it is given once nothing is asked on the old ones.
  init(
    _ url: PostgreSQLURL, _ lineage: Lineage, _ machine: any KernelClock, within limit: Duration,
    renew: @escaping @Sendable (_ done: @escaping @Sendable () -> Void) -> Void
  ) {
    let state = Locked(State())
    self.url = url
    self.lineage = lineage
    self.machine = machine
    self.state = state
    let wake: @Sendable () -> Void = { state.withLock { $0.wake }?() }
    link = Link(
      .watch, url, lineage, within: limit,
      // A pooler in transaction mode has no session that could listen.
      setup: url.hasPooler
        ? [] : [Statement("LISTEN \(Watch.channel)", isKept: false), Watch.plansAnew],
      notified: wake, lost: { state.withLock { $0.losses += 1 } },
      connected: {
        // The server may be another than before, while others of our connections are still with the former.
        let losses = state.withLock { $0.losses }
        renew {
          state.withLock {
            $0.renewals = max($0.renewals, losses)
            $0.isBack = true
          }
          wake()
        }
      })
  }

  // MARK: Following

  /// A plan that is made once is of all partitions of the log, and takes a lock of each whenever it is run. Where there
  /// are so many it is made anew each time, of those that matter: by then that takes the server no longer.
  private static let plansAnew = Statement(
    """
    SELECT set_config('plan_cache_mode', 'force_custom_plan', false) FROM pg_inherits
    WHERE inhparent = to_regclass('cardea.signal_log') HAVING count(*) > 256
    """, isKept: false)

  private static let news = """
    SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
      (SELECT version FROM cardea.schema_version), (SELECT position FROM cardea.signal_log_head),
      (SELECT hash FROM cardea.signal_log WHERE position = $1),
      l.position, l.signal, l.prefix, l.owner_id, l.hash,
      left(pg_walfile_name(pg_current_wal_insert_lsn()), 8)
    FROM (SELECT 1) here LEFT JOIN LATERAL (
      SELECT position, signal, prefix, owner_id, hash FROM cardea.signal_log
      WHERE position > $1 ORDER BY position LIMIT $2) l ON true
    ORDER BY l.position
    """
  // Kept over a crash and a failover, but for the last polls before it: no poll waits for the disk or for a standby, but
  // for the disk the one by which a node joins, or is heard of again: what is left of it after a crash must not be so old
  // that the node is forgotten before it trusts nothing any more.
  private static let newsOfNode = """
    WITH node AS (
      INSERT INTO cardea.nodes (id, name, version, lease, applied, seen)
      SELECT $3, $4, $5, $6, CASE WHEN $7 IS NULL OR EXISTS (
          SELECT 1 FROM cardea.signal_log WHERE position = $1 AND hash = $7) THEN $1 ELSE 0 END,
        clock_timestamp() FROM set_config('synchronous_commit',
        CASE WHEN EXISTS (SELECT 1 FROM cardea.nodes WHERE id = $3
            AND seen > clock_timestamp() - interval '15 minutes') THEN 'off' ELSE 'local' END, true)
      ON CONFLICT (id) DO UPDATE SET applied = EXCLUDED.applied, seen = EXCLUDED.seen)
    \(news)
    """

  /// The first look, at a server whose caches are cold.
  func begin() async throws(StoreError) {
    do throws(Failure) {
      let found = try await Link.run(
        [Statement(Watch.news, [Int64(0), 0]), Watch.forgetLost, Watch.settings],
        on: try link.connection(), within: .seconds(10))
      if let row = found[0].first {
        note(clock: row.int(0))
        if let timeline = try? row.text(9) { note(timeline: timeline) }
      }
      note(settings: found[2])
    } catch {
      throw StoreError(error)
    }
  }

  func poll(after position: Int64, limit: Int) throws(StoreError) -> [LogMark] {
    let marks = Result { () throws(StoreError) in try news(after: position, limit: limit) }
    state.withLock {
      $0.trouble = if case .failure(let error) = marks { error } else { nil }
    }
    return try marks.get()
  }

  private func news(after position: Int64, limit: Int) throws(StoreError) -> [LogMark] {
    let (node, last) = state.withLock { ($0.node, $0.last) }
    var values: [any Bindable] = [position, max(limit, 0)]
    if let node {
      // What another log has at that position this node has not applied.
      let hash = last.flatMap { $0.position == position ? $0.hash.bytes : nil }
      values += [node.id, node.name, node.version, node.lease.wholeMilliseconds, hash]
    }
    let connection: Connection
    let rows: Rows
    do throws(Failure) {
      connection = try link.connection()
      // In this order: on a new one nothing is polled while others may still be with the former server.
      if state.withLock({ $0.losses > $0.renewals }) {
        throw .lost("connections are being made again")
      }
      rows = try link.wait(
        for: Statement(node == nil ? Watch.news : Watch.newsOfNode, values), on: connection)
    } catch {
      throw StoreError(error)
    }
    guard let first = rows.first, !first.isNull(1), !first.isNull(2) else {
      throw .corrupt("the signal log has lost its head row")
    }
    note(clock: first.int(0))
    if let newer = lineage.note(version: first.int(1)) { throw .unavailable(newer) }
    note(timeline: try first.text(9))
    judgePlan(head: first.int(2), on: connection)
    try checkHistory(before: position, head: first.int(2), known: first.optionalBytes(3))
    var marks: [LogMark] = []
    for row in rows where !row.isNull(4) {
      marks.append(
        LogMark(
          position: row.int(4), signal: try row.text(5), prefix: try row.optionalText(6),
          ownerID: try row.optionalUUID(7)))
    }
    if let last = rows.last, !last.isNull(4) {
      let hash = try last.digest(8)
      state.withLock { $0.last = (last.int(4), hash) }
    }
    return marks
  }

  /// The log gets partitions while a connection lasts. Nobody waits for the answer: what is asked next comes after it.
  private func judgePlan(head: Int64, on connection: Connection) {
    let partition = head / Schema.logPartition
    let isAnother = state.withLock { state -> Bool in
      defer { state.partition = partition }
      return state.partition.map { $0 != partition } ?? false
    }
    if isAnother, !url.hasPooler {
      connection.send([Watch.plansAnew], within: .seconds(1)) { _ in }
    }
  }

  /// What this node has applied must still be what the log says: a standby that took over without the last changes
  /// gives their positions to others.
  private func checkHistory(
    before position: Int64, head: Int64, known: [UInt8]?
  ) throws(StoreError) {
    let isSame = state.withLock { state -> Bool in
      guard head >= position else { return false }
      guard let last = state.last, last.position == position else {
        // The first poll begins where the caller has read the log's end.
        state.last = known.flatMap { Digest256($0) }.map { (position, $0) }
        return true
      }
      return known == last.hash.bytes
    }
    if isSame {
      let isBack = state.withLock { state -> Bool in
        defer { state.isBack = false }
        if state.isBack { state.common = position }
        return state.isBack
      }
      // The log is the same, but what was read of other servers meanwhile may not be.
      if isBack { throw .conflict }
      return
    }
    state.withLock {
      $0.lost =
        "at \(SystemClock().now().rfc3339) a standby took over that lacked the change at position "
        + "\(position): what was acknowledged since the last common change is lost, revocations among it"
    }
    throw .conflict
  }

  /// A pooler keeps our connection while it goes on to another server: then only this tells of it.
  private func note(timeline: String) {
    state.withLock { state in
      if let known = state.timeline, known != timeline { state.isBack = true }
      state.timeline = timeline
    }
  }

  func forgetHistory() throws(StoreError) -> Int64 {
    let (common, wake) = state.withLock { state in
      defer { state.common = nil }
      return (state.common, state.wake)
    }
    if let common {
      // Not to wait for the next poll: the lease is running out.
      wake?()
      return common
    }
    let rows: Rows
    do throws(Failure) { rows = try link.wait(for: Statement(LogHead.select)) } catch {
      throw StoreError(error)
    }
    let head = try LogHead.read(rows)
    state.withLock {
      $0.last = (head.position, head.hash)
      $0.isBack = false
    }
    return head.position
  }

  // MARK: Time

  private func note(clock milliseconds: Int64) {
    let at = machine.monotonic()
    state.withLock { $0.clock = (milliseconds, at) }
  }

  /// The server's clock, moved on by the time since it was read, whatever our own was set to meanwhile. The time for
  /// which the machine was suspended counts, which Dispatch's clock would leave out.
  var time: Timestamp? {
    state.withLock { $0.clock }.map { clock in
      let since = (machine.monotonic() &- clock.at) / 1_000_000
      return Timestamp(milliseconds: clock.milliseconds &+ Int64(since))
    }
  }

  // MARK: Nodes

  func join(_ node: NodeCard, wake: @escaping @Sendable () -> Void) {
    state.withLock {
      $0.node = node
      $0.wake = wake
    }
  }

  func leave() async {
    guard let node = state.withLock({ $0.node }) else { return }
    state.withLock { $0.wake = nil }
    _ = try? await link.run(Statement("\(Watch.delete) WHERE id = $1", [node.id]))
  }

  /// Waits neither for the disk nor for a standby.
  private static let delete =
    "DELETE FROM cardea.nodes USING set_config('synchronous_commit', 'off', true)"

  /// Forgets who was killed long ago.
  private static let forgetLost = Statement("\(delete) WHERE NOT (\(isKnown))")

  private static let isKnown = "seen > clock_timestamp() - interval '1 hour'"

  // What was written within three of the writer's delays before a crash may be lost by it (PostgreSQL manual,
  // "Asynchronous Commit"): nobody is taken for silent for lack of that.
  /// Who there is, and what the server promises by now.
  func nodes() async throws(StoreError) -> [NodeStatus] {
    let found: [Rows]
    do throws(Failure) {
      found = try await Link.run(
        [Watch.nodes, Watch.settings], on: try link.connection(), within: .seconds(1))
    } catch {
      throw StoreError(error)
    }
    note(settings: found[1])
    return try Watch.readNodes(found[0])
  }

  private static let nodes = Statement(
    """
    SELECT id, name, version, lease, applied, greatest(0, extract(epoch FROM
      clock_timestamp() - seen - 3 * current_setting('wal_writer_delay')::interval) * 1000)::bigint
    FROM cardea.nodes WHERE \(isKnown) ORDER BY name, id
    """)

  private static func readNodes(_ rows: Rows) throws(StoreError) -> [NodeStatus] {
    var nodes: [NodeStatus] = []
    for row in rows {
      nodes.append(
        NodeStatus(
          node: NodeCard(
            id: try row.uuid(0), name: try row.text(1), lease: .milliseconds(row.int(3)),
            version: try row.text(2)), applied: row.int(4), silence: .milliseconds(row.int(5))))
    }
    return nodes
  }

  // MARK: Cautions

  private static let settings = Statement(
    """
    SELECT current_setting('fsync'), current_setting('synchronous_standby_names'),
      current_setting('synchronous_commit'), current_setting('full_page_writes')
    """)

  var cautions: [String] {
    let (noted, trouble) = state.withLock { state in
      ((state.lost.map { [$0] } ?? []) + state.cautions, state.trouble)
    }
    let found = noted + (lineage.caution.map { [$0] } ?? [])
    switch trouble {
    case nil, .conflict?: return found
    case .unavailable(let reason)?, .corrupt(let reason)?:
      return ["the signal log can't be followed: \(reason)"] + found
    default: return ["the signal log can't be followed"] + found
    }
  }

  /// What the server promises of what it has acknowledged. A standby may be lost or won at any time.
  private func note(settings rows: Rows) {
    guard let row = rows.first else { return }
    let values = (0..<4).map { (try? row.text($0)) ?? "" }
    var cautions: [String] = []
    if values[0] == "off" || values[3] == "off" {
      cautions.append(
        "fsync or full_page_writes is off: a crash of the server may lose acknowledged changes, "
          + "revocations among them")
    }
    if url.hosts.count > 1, values[1].isEmpty || values[2] == "local" || values[2] == "off" {
      cautions.append(
        "no standby is synchronous (synchronous_standby_names, synchronous_commit): a failover may "
          + "lose acknowledged changes, revocations among them")
    }
    if url.hasPooler {
      cautions.append(
        "a pooler in transaction mode passes no notifications: changes of other nodes are seen by "
          + "polling alone, within the lease")
    }
    state.withLock { $0.cautions = cautions }
  }
}
