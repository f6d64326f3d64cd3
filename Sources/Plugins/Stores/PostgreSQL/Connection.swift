import CPostgreSQL
import CardeaContracts
import Dispatch

/// One connection to a server, on which statements follow one another without waiting for the answers before
/// (libpq's pipeline mode). Each has a synchronisation point of its own, so that a refusal concerns it alone.
///
/// One for lookups has them share one: what is asked while the server is busy with others is sent together, which costs
/// both sides one wake and one transaction instead of many. Behind one that is refused the server passes the others
/// over; they are sent again.
///
/// Whoever asks sends on their own thread, or leaves it to the one that is at it; one thread waits for the answers to
/// all. (A dispatch source costs ten system calls and two changes of threads an answer.) The first answer that is overdue
/// ends the connection, since those behind it can't come before.
///
/// Threading: ``send(_:within:answer:)`` and ``end(_:)`` from any thread; answers are called on the connection's, and
/// call nothing of it. Whoever makes a connection ends it, else it stays open.
// @unchecked: everything that changes is touched behind `gate` alone.
final class Connection: @unchecked Sendable {
  typealias Answer = @Sendable (Result<Rows, Failure>) -> Void

  /// Where notifications arrive, and once why the connection has ended.
  struct Events: Sendable {
    var notified: @Sendable () -> Void = {}
    var ended: @Sendable (Connection, Failure) -> Void = { _, _ in }
  }

  private let gate = Locked(())
  private let alarm: Alarm
  private let handle: OpaquePointer
  /// Whether statements share synchronisation points: all only read, and none depends on another.
  private let joins: Bool
  /// Whether it matters in which order they run.
  private let isOrdered: Bool
  private let events: Events
  /// While libpq could not hand everything to the socket.
  private var isWriting = false
  /// What came and is not sent yet.
  private let inbox = Locked<[Request]>([])
  private var pipeline = Pipeline()
  private var names: PreparedNames
  /// When our thread looks whether an answer is overdue.
  private var armed = UInt64.max
  private var ending: Failure?
  private var hasEnded: Bool { ending != nil }

  /// One is with the server while the next is read there; what comes meanwhile waits for one of them.
  private static let mostSyncs = 2

  /// - Parameters:
  ///   - handle: connected and idle; the connection's own from now on.
  ///   - keepsStatements: whether the server keeps what was prepared for the next time.
  ///   - joins: whether statements share synchronisation points.
  ///   - isOrdered: whether it matters in which order they run, as it does in transactions: none is sent again then,
  ///     behind others.
  init(
    _ handle: OpaquePointer, keepsStatements: Bool, joins: Bool, isOrdered: Bool, events: Events
  ) throws(Failure) {
    guard let alarm = Alarm() else {
      PQfinish(handle)
      throw .lost("the process has no file descriptors left; raise its limit")
    }
    self.alarm = alarm
    self.handle = handle
    names = PreparedNames(areKept: keepsStatements)
    self.joins = joins
    self.isOrdered = isOrdered
    self.events = events
    PQsetnonblocking(handle, 1)
    PQenterPipelineMode(handle)
    // It lives as long as the handle.
    PQsetNoticeReceiver(
      handle,
      { connection, notice in
        guard let connection, let notice else { return }
        Unmanaged<Connection>.fromOpaque(connection).takeUnretainedValue().heed(notice)
      }, Unmanaged.passUnretained(self).toOpaque())
    // A queue of one's own has a thread of its own.
    DispatchQueue(label: "cardea.store.postgresql.connection", qos: .userInitiated)
      .async { [self] in follow() }
  }

  /// Sends statements, one after the other.
  /// - Parameter answer: called for each, in their order, but for those that a connection for lookups sends again.
  func send(_ statements: [Statement], within limit: Duration, answer: @escaping Answer) {
    let deadline = DispatchTime.now().uptimeNanoseconds &+ limit.clampedNanoseconds
    inbox.withLock { inbox in
      for statement in statements {
        inbox.append(Request(statement, deadline, answer))
      }
    }
    attend()
  }

  /// Closes the connection; what was not answered yet is lost.
  func end(_ failure: Failure) {
    hold { finish(failure) }
  }

  /// The same once what is being asked now has been answered or is overdue.
  func end(after limit: Duration) {
    let moment = DispatchTime.now() + .nanoseconds(Int(clamping: limit.clampedNanoseconds))
    DispatchQueue.global().asyncAfter(deadline: moment) { [self] in
      end(.lost("another connection was made"))
    }
  }

  /// Tells once more of the end, if there was one.
  func tellIfEnded() {
    if let ending = hold({ ending }) { events.ended(self, ending) }
  }

  // MARK: Sending

  /// Waits for the turn. Who came meanwhile has left us what is to be sent.
  private func hold<Value>(_ body: () -> Value) -> Value {
    defer { attend() }
    return gate.withLock { _ in body() }
  }

  /// Has what came sent: by us, or by whoever is at it, who looks again afterwards.
  private func attend() {
    while gate.withLockIfFree({ _ in collect() }) == true, !inbox.withLock({ $0.isEmpty }) {}
  }

  /// Sends what came, unless the server has enough to do: then the answer to that brings us here again.
  /// - Returns: whether all was sent.
  @discardableResult
  private func collect() -> Bool {
    if joins, !hasEnded, pipeline.syncs >= Connection.mostSyncs { return false }
    let requests = inbox.withLock { inbox in
      defer { inbox = [] }
      return inbox
    }
    if requests.isEmpty { return true }
    for request in requests { start(request) }
    sync()
    flush()
    return true
  }

  /// Puts a synchronisation point behind what was sent, if there is none.
  private func sync() {
    if hasEnded || pipeline.isSynced { return }
    guard PQpipelineSync(handle) == 1 else { return finish(Failure(of: handle)) }
    pipeline.appendSync()
  }

  private func start(_ request: Request) {
    if hasEnded { return request.answer(.failure(.lost("the connection is closed"))) }
    let statement = request.statement
    let isSent: Bool
    if statement.isKept, names.areKept {
      let name: String
      if let known = names.name(of: statement) {
        name = known
      } else {
        // Others rely on the name: no refusal but its own may keep it from being there.
        sync()
        name = names.newName(for: statement)
        request.prepares = true
        request.commands = 2
        let types = statement.values.map(\.type)
        guard PQsendPrepare(handle, name, statement.sql, Int32(types.count), types) == 1 else {
          return refuse(request)
        }
      }
      request.name = name
      isSent = statement.withValues { count, _, values, lengths, formats in
        PQsendQueryPrepared(handle, name, count, values, lengths, formats, 1) == 1
      }
    } else {
      isSent = statement.withValues { count, types, values, lengths, formats in
        PQsendQueryParams(handle, statement.sql, count, types, values, lengths, formats, 1) == 1
      }
    }
    guard isSent else { return refuse(request) }
    let isAlone = pipeline.append(request)
    if !joins || request.prepares { sync() }
    if isAlone { arm() }
  }

  /// libpq takes no statement only where the connection is broken.
  private func refuse(_ request: Request) {
    let failure = Failure(of: handle)
    request.answer(.failure(failure))
    finish(failure)
  }

  private func flush() {
    if hasEnded { return }
    switch PQflush(handle) {
    case 0: isWriting = false
    case 1:
      if isWriting { return }
      isWriting = true
      alarm.ring()
    default: finish(Failure(of: handle))
    }
  }

  // MARK: Receiving

  /// What our thread does from the beginning to the end.
  private func follow() {
    let socket = PQsocket(handle)
    var isReady = false
    while true {
      let next = hold { () -> (isWriting: Bool, milliseconds: Int32)? in
        // libpq may have read answers while it could not write: nothing else would tell of them.
        if isReady { receive() }
        look()
        if hasEnded {
          // Nobody looks at the socket any more.
          PQfinish(handle)
          return nil
        }
        return (isWriting, patience)
      }
      guard let next else { return }
      isReady = alarm.wait(
        for: socket, isWriting: next.isWriting, milliseconds: next.milliseconds)
    }
  }

  /// Until an answer may be overdue, rounded up.
  private var patience: Int32 {
    if armed == .max { return -1 }
    let now = DispatchTime.now().uptimeNanoseconds
    return armed <= now ? 0 : Int32(clamping: (armed - now) / 1_000_000 + 1)
  }

  private func receive() {
    if hasEnded { return }
    let isOpen = PQconsumeInput(handle) == 1
    while pipeline.syncs > 0, PQisBusy(handle) == 0 {
      // Nothing between two commands' results.
      if let result = PQgetResult(handle) {
        take(result)
      } else if PQstatus(handle) == CONNECTION_BAD {
        break
      } else if pipeline.endCommand() {
        answer()
      }
      if hasEnded { return }
    }
    var isNotified = false
    while let notification = PQnotifies(handle) {
      PQfreemem(notification)
      isNotified = true
    }
    if isNotified { events.notified() }
    if !isOpen || PQstatus(handle) == CONNECTION_BAD { return finish(Failure(of: handle)) }
    collect()
    flush()
  }

  private func take(_ result: OpaquePointer) {
    switch PQresultStatus(result) {
    case PGRES_PIPELINE_SYNC:
      PQclear(result)
      pipeline.passSync()
      answer()
      for request in pipeline.takePassedOver() { start(request.anew) }
      sync()
      arm()
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK:
      pipeline.noteResult()
      pipeline.first?.rows = Rows(result)
    case PGRES_PIPELINE_ABORTED:
      pipeline.noteResult()
      PQclear(result)
      pipeline.first?.isPassedOver = true
    default:
      pipeline.noteResult()
      defer { PQclear(result) }
      if pipeline.first?.failure != nil { return }
      guard let failure = Failure(in: result) else { return finish(Failure(of: handle)) }
      pipeline.first?.failure = failure
    }
  }

  /// Answers the first of those who wait.
  private func answer() {
    guard let request = pipeline.next() else { return }
    if !isOrdered, let failure = request.failure, names.neverHad(request, refused: failure) {
      pipeline.passOver(request)
    } else if let failure = request.failure {
      names.forget(after: failure, of: request)
      request.answer(.failure(failure))
    } else if request.isPassedOver {
      pipeline.passOver(request)
    } else if let rows = request.rows {
      rows.isWarned = request.isWarned
      request.answer(.success(rows))
    } else {
      request.answer(.failure(.lost("the server gave no result")))
    }
  }

  /// A notice of the server's to the statement that is being answered; `PG_DIAG_SEVERITY_NONLOCALIZED`.
  private func heed(_ notice: OpaquePointer) {
    let severity = PQresultErrorField(notice, Int32(UInt8(ascii: "V"))).map { String(cString: $0) }
    if severity == "WARNING" { pipeline.first?.isWarned = true }
  }

  // MARK: Ending

  /// Sees to it that our thread looks no later than the first answer is overdue. That it looks too early costs less than
  /// waking it for each.
  private func arm() {
    guard let first = pipeline.first, first.deadline < armed else { return }
    armed = first.deadline
    alarm.ring()
  }

  private func look() {
    if hasEnded || DispatchTime.now().uptimeNanoseconds < armed { return }
    armed = .max
    guard let first = pipeline.first else { return }
    if DispatchTime.now().uptimeNanoseconds < first.deadline { return arm() }
    finish(.lost("the server did not answer in time"))
  }

  private func finish(_ failure: Failure) {
    if hasEnded { return }
    ending = failure
    alarm.ring()
    let lost =
      pipeline.takeAll()
      + inbox.withLock { inbox in
        defer { inbox = [] }
        return inbox
      }
    for request in lost { request.answer(.failure(request.failure ?? failure)) }
    events.ended(self, failure)
  }
}
