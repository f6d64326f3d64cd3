import CPostgreSQL
import CardeaContracts
import Dispatch

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A way to the server for one purpose: a connection that is made again when it is lost.
///
/// While there is none, every call fails at once with the reason; nobody waits for a server that is away. Connecting
/// blocks the link's own queue for two seconds at most, and is tried again after 50 ms, then twice as long, up to half a
/// second.
///
/// Threading: from any thread.
final class Link: Sendable {
  /// What a link is for, as `pg_stat_activity` shows it.
  enum Purpose: String, Sendable {
    case lookups, changes, bulk, limits, lists, history, watch

    /// Nothing that it is used for goes on when the answer is overdue.
    var isRead: Bool { ![.changes, .bulk, .limits].contains(self) }

    /// Whether one plan is as good as another: what reads a few rows by their key. To plan a lookup among partitions
    /// takes the server several times as long as to run it.
    var plansOnce: Bool { [.lookups, .changes, .limits, .watch].contains(self) }
  }

  private let purpose: Purpose
  private let url: PostgreSQLURL
  private let limit: Duration
  /// What a new connection is told first.
  private let setup: [Statement]
  private let notified: @Sendable () -> Void
  private let lost: @Sendable () -> Void
  private let connected: @Sendable () -> Void
  private let dialer: Dialer
  private let lineage: Lineage
  private let queue: DispatchQueue
  private let state = Locked(State.away(.lost("the store is not open")))

  private enum State: Sendable {
    case open(Connection)
    case away(Failure)
    case closed
  }

  /// - Parameters:
  ///   - limit: how long an answer may take.
  ///   - setup: run on every new connection, in order.
  ///   - notified: called when a notification arrives.
  ///   - lost: called when the connection is gone, before there is another.
  ///   - connected: called when a connection has been made again.
  init(
    _ purpose: Purpose, _ url: PostgreSQLURL, _ lineage: Lineage, within limit: Duration,
    setup: [Statement] = [],
    notified: @escaping @Sendable () -> Void = {}, lost: @escaping @Sendable () -> Void = {},
    connected: @escaping @Sendable () -> Void = {}
  ) {
    self.purpose = purpose
    self.url = url
    self.lineage = lineage
    self.limit = limit
    self.setup = setup
    self.notified = notified
    self.lost = lost
    self.connected = connected
    dialer = Dialer(url.hosts)
    queue = DispatchQueue(label: "cardea.store.postgresql.\(purpose)", qos: .userInitiated)
  }

  // MARK: Opening and closing

  /// Makes the first connection.
  func open() async throws(StoreError) {
    let result: Result<Void, Failure> = await withCheckedContinuation { done in
      queue.async { done.resume(returning: Result { () throws(Failure) in try self.connect() }) }
    }
    do { try result.get() } catch {
      throw .unavailable("\(url.shown) can't be used: \(error.reason)\(error.remedy)")
    }
  }

  func close() {
    let last = state.withLock { state -> State in
      defer { state = .closed }
      return state
    }
    if case .open(let connection) = last { connection.end(.lost("the store was closed")) }
  }

  /// Why there is no connection; `nil` while there is one.
  var trouble: String? {
    state.withLock { state in
      switch state {
      case .open: nil
      case .closed: "the store is not open"
      case .away(let failure): failure.reason
      }
    }
  }

  // MARK: Connecting

  /// On the link's queue.
  private func connect() throws(Failure) {
    let connection: Connection
    if purpose == .history {
      do throws(Failure) { connection = try dial("standby") } catch { connection = try dial("any") }
    } else {
      connection = try dial("read-write")
    }
    let isClosed = state.withLock { state -> Bool in
      if case .closed = state { return true }
      state = .open(connection)
      return false
    }
    if isClosed { connection.end(.lost("the store was closed")) }
    // It may have ended before it was ours.
    connection.tellIfEnded()
  }

  /// - Parameter wanted: the server, as `target_session_attrs` has it.
  private func dial(_ wanted: String) throws(Failure) -> Connection {
    // What stands before the URL gives way to it, what stands behind does not. Seconds; milliseconds.
    // Without Kerberos' library, which aborts the process if it is asked while that ends.
    let parameters = [
      ("gssencmode", "disable"),
      ("connect_timeout", "2"), ("tcp_user_timeout", "5000"), ("keepalives_idle", "10"),
      ("keepalives_interval", "3"), ("keepalives_count", "3"),
      ("fallback_application_name", "cardea \(purpose)"), ("dbname", url.connection),
      ("client_encoding", "UTF8"), ("target_session_attrs", wanted),
    ]
    return try dialer.connect(parameters) { [weak self] handle throws(Failure) in
      guard let self else {
        PQfinish(handle)
        throw .lost("the store was closed")
      }
      return try admit(handle)
    }
  }

  /// A connection that is ready to be asked. On any thread.
  private func admit(_ handle: OpaquePointer) throws(Failure) -> Connection {
    guard PQparameterStatus(handle, "server_encoding").map({ String(cString: $0) }) == "UTF8" else {
      defer { PQfinish(handle) }
      throw .lost("the database's encoding is not UTF8; create it with ENCODING 'UTF8'")
    }
    let connection = try Connection(
      handle, keepsStatements: !url.hasPooler, joins: purpose == .lookups,
      isOrdered: !purpose.isRead,
      events: Connection.Events(
        notified: notified, ended: { [weak self] in self?.lose($0, $1) }))
    do {
      try prepare(connection)
      try admit(connection)
    } catch {
      connection.end(error)
      throw error
    }
    return connection
  }

  private func admit(_ connection: Connection) throws(Failure) {
    let rows: Rows
    do throws(Failure) {
      rows = try Link.wait(for: Lineage.question, on: connection, within: max(limit, .seconds(2)))
    } catch { return try lineage.admit(unknown: error) }
    try lineage.admit(rows)
  }

  private func prepare(_ connection: Connection) throws(Failure) {
    // Compiling a plan takes longer than any of ours runs. A pooler in transaction mode keeps no settings.
    let session = Statement(
      """
      SELECT set_config('jit', 'off', false), set_config('statement_timeout', $1, false),
        set_config('plan_cache_mode', $2, false)
      """,
      [
        purpose.isRead ? "\(limit.wholeMilliseconds * 2)" : "0",
        purpose.plansOnce ? "force_generic_plan" : "auto",
      ], isKept: false)
    // Many share the connection: one that meets a lock is refused alone, long before it keeps the others too long.
    let patience = Statement(
      "SELECT set_config('lock_timeout', $1, false)", ["\(limit.wholeMilliseconds / 4)"],
      isKept: false)
    let settings = url.hasPooler ? [] : purpose == .lookups ? [session, patience] : [session]
    let limit = max(limit, .seconds(2))
    for statement in settings + setup {
      _ = try Link.wait(for: statement, on: connection, within: limit)
    }
    if url.hasPooler { return }
    // Not on every system, nor before PostgreSQL 14.
    do throws(Failure) {
      _ = try Link.wait(for: Link.noticesOurEnd, on: connection, within: limit)
    } catch { if case .lost = error { throw error } }
  }

  /// Has the server give up what it does for us soon after we have hung up.
  private static let noticesOurEnd = Statement(
    "SELECT set_config('client_connection_check_interval', '1s', false)", isKept: false)

  private func lose(_ connection: Connection, _ failure: Failure) {
    let isOurs = state.withLock { state -> Bool in
      guard case .open(let current) = state, current === connection else { return false }
      state = .away(failure)
      return true
    }
    if !isOurs { return }
    lost()
    reconnect(after: 50)
  }

  private func reconnect(after milliseconds: Int) {
    queue.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { [weak self] in
      guard let self, isAway else { return }
      do throws(Failure) {
        try connect()
        connected()
      } catch {
        state.withLock { if case .away = $0 { $0 = .away(error) } }
        // Not all nodes at the same moment.
        reconnect(after: min(500, milliseconds * 2) + Int.random(in: 0...20))
      }
    }
  }

  private var isAway: Bool {
    state.withLock { if case .away = $0 { true } else { false } }
  }

  /// Ends the connection, so that another is made.
  func leave(_ reason: String) {
    if case .open(let connection) = state.withLock({ $0 }) { connection.end(.lost(reason)) }
  }

  /// Makes another connection instead of the one that is there, since the server that we had may not be the one to ask
  /// any more. Nobody has to wait for it: what comes meanwhile goes to the old one, which ends once it has answered.
  /// - Parameter done: called when nothing is asked on the old one any more.
  func renew(_ done: @escaping @Sendable () -> Void) {
    queue.async { [self] in
      defer { done() }
      guard case .open(let old) = state.withLock({ $0 }) else { return }
      do throws(Failure) { try connect() } catch { return old.end(error) }
      old.end(after: limit)
    }
  }

  // MARK: Statements

  /// The connection of the moment.
  func connection() throws(Failure) -> Connection {
    // The watch finds out when it is over.
    if let newer = lineage.newer, purpose != .watch { throw .lost(newer) }
    switch state.withLock({ $0 }) {
    case .open(let connection): return connection
    case .away(let failure): throw failure
    case .closed: throw .lost("the store is not open")
    }
  }

  func run(_ statement: Statement) async throws(Failure) -> Rows {
    try await Link.run(statement, on: try connection(), within: limit)
  }

  static func run(
    _ statement: Statement, on connection: Connection, within limit: Duration
  ) async throws(Failure) -> Rows {
    let result = await withCheckedContinuation { done in
      connection.send([statement], within: limit) { done.resume(returning: $0) }
    }
    return try check(result, connection)
  }

  /// Runs statements one after the other with one wait for all; the last one's rows. A refusal of any is thrown, the
  /// first of them.
  static func run(
    _ statements: [Statement], on connection: Connection, within limit: Duration
  ) async throws(Failure) -> [Rows] {
    let results: [Result<Rows, Failure>] = await withCheckedContinuation { done in
      let gathered = Locked<[Result<Rows, Failure>]>([])
      let count = statements.count
      connection.send(statements, within: limit) { result in
        let all = gathered.withLock { gathered -> [Result<Rows, Failure>] in
          gathered.append(result)
          return gathered
        }
        if all.count == count { done.resume(returning: all) }
      }
    }
    var rows: [Rows] = []
    for result in results { rows.append(try check(result, connection)) }
    return rows
  }

  /// Blocks the calling thread, which must not be one of the connection's queue.
  func wait(for statement: Statement) throws(Failure) -> Rows {
    try wait(for: statement, on: try connection())
  }

  func wait(for statement: Statement, on connection: Connection) throws(Failure) -> Rows {
    try Link.wait(for: statement, on: connection, within: limit)
  }

  private static func wait(
    for statement: Statement, on connection: Connection, within limit: Duration
  ) throws(Failure) -> Rows {
    let answered = DispatchSemaphore(value: 0)
    let outcome = Locked<Result<Rows, Failure>>(.failure(.lost("there is no answer")))
    connection.send([statement], within: limit) { result in
      outcome.withLock { $0 = result }
      answered.signal()
    }
    answered.wait()
    return try check(outcome.withLock { $0 }, connection)
  }

  /// A server that says it can't serve is left for another.
  private static func check(
    _ result: Result<Rows, Failure>, _ connection: Connection
  ) throws(Failure) -> Rows {
    if case .failure(let failure) = result, failure.isOfServer { connection.end(failure) }
    return try result.get()
  }
}
