import CPostgreSQL
import CardeaKernel
import Dispatch

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

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
  /// Not behind a pooler in transaction mode, declared or found out: what was prepared is another session's next time.
  private var keepsStatements: Bool
  /// Whether statements share synchronisation points: all only read, and none depends on another.
  private let joins: Bool
  private let events: Events
  /// While libpq could not hand everything to the socket.
  private var isWriting = false
  /// What came and is not sent yet.
  private let inbox = Locked<[Request]>([])
  private var waiting: ArraySlice<Request> = []
  /// Synchronisation points that the server has not passed yet, and whether the last of what was sent has its own.
  private var syncs = 0
  private var isSynced = true
  /// Whether the command of the moment has given something: what libpq ends with nothing is it.
  private var hasResult = false
  private var passedOver: [Request] = []
  private var names: [String: String] = [:]
  /// When our thread looks whether an answer is overdue.
  private var armed = UInt64.max
  private var prepared = 0
  private var ending: Failure?
  private var hasEnded: Bool { ending != nil }

  // A class, since queues of them move.
  private final class Request {
    let statement: Statement
    /// `DispatchTime` in nanoseconds.
    let deadline: UInt64
    let answer: Answer
    /// Prepares this statement under its name.
    var prepares = false
    /// Whether a synchronisation point is behind it.
    var isLast = false
    /// Of it, those that the server is not done with.
    var commands = 1
    var rows: Rows?
    var failure: Failure?
    var isPassedOver = false
    var isWarned = false

    init(_ statement: Statement, _ deadline: UInt64, _ answer: @escaping Answer) {
      self.statement = statement
      self.deadline = deadline
      self.answer = answer
    }

    /// The same, of which nothing has been sent.
    var anew: Request { Request(statement, deadline, answer) }
  }

  /// One is with the server while the next is read there; what comes meanwhile waits for one of them.
  private static let mostSyncs = 2

  /// - Parameters:
  ///   - handle: connected and idle; the connection's own from now on.
  ///   - keepsStatements: whether the server keeps what was prepared for the next time.
  ///   - joins: whether statements share synchronisation points.
  init(
    _ handle: OpaquePointer, keepsStatements: Bool, joins: Bool, events: Events
  ) throws(Failure) {
    guard let alarm = Alarm() else {
      PQfinish(handle)
      throw .lost("the process has no file descriptors left; raise its limit")
    }
    self.alarm = alarm
    self.handle = handle
    self.keepsStatements = keepsStatements
    self.joins = joins
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
    if joins, !hasEnded, syncs >= Connection.mostSyncs { return false }
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
    if hasEnded || isSynced { return }
    guard PQpipelineSync(handle) == 1 else { return finish(.lost(said())) }
    waiting.last?.isLast = true
    isSynced = true
    syncs += 1
  }

  private func start(_ request: Request) {
    if hasEnded { return request.answer(.failure(.lost("the connection is closed"))) }
    let statement = request.statement
    let isSent: Bool
    if statement.isKept, keepsStatements {
      let name: String
      if let known = names[statement.sql] {
        name = known
      } else {
        // Others rely on the name: no refusal but its own may keep it from being there.
        sync()
        prepared += 1
        name = "c\(Connection.digest(of: statement))_\(prepared)"
        names[statement.sql] = name
        request.prepares = true
        request.commands = 2
        let types = statement.values.map(\.type)
        guard PQsendPrepare(handle, name, statement.sql, Int32(types.count), types) == 1 else {
          return refuse(request)
        }
      }
      isSent = withValues(statement.values) { count, _, values, lengths, formats in
        PQsendQueryPrepared(handle, name, count, values, lengths, formats, 1) == 1
      }
    } else {
      isSent = withValues(statement.values) { count, types, values, lengths, formats in
        PQsendQueryParams(handle, statement.sql, count, types, values, lengths, formats, 1) == 1
      }
    }
    guard isSent else { return refuse(request) }
    waiting.append(request)
    isSynced = false
    if !joins || request.prepares { sync() }
    if waiting.count == 1 { arm() }
  }

  /// FNV-1a of what is prepared: no two sessions that a pooler mixes up call different statements by one name.
  private static func digest(of statement: Statement) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in "\(statement.sql)\(statement.values.map(\.type))".utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    return String(hash, radix: 36)
  }

  /// libpq takes no statement only where the connection is broken.
  private func refuse(_ request: Request) {
    let failure = Failure.lost(said())
    request.answer(.failure(failure))
    finish(failure)
  }

  private func withValues<Value>(
    _ values: [Parameter],
    _ body: (
      Int32, [UInt32], [UnsafePointer<CChar>?], [Int32], [Int32]
    ) -> Value
  ) -> Value {
    // One buffer for all: a pointer per value is valid as long as it is.
    var bytes: [UInt8] = []
    for value in values {
      if let content = value.bytes { bytes += content }
      bytes.append(0)
    }
    return bytes.withUnsafeBufferPointer { buffer in
      buffer.withMemoryRebound(to: CChar.self) { buffer in
        var pointers: [UnsafePointer<CChar>?] = []
        var offset = 0
        for value in values {
          pointers.append(value.bytes == nil ? nil : buffer.baseAddress.map { $0 + offset })
          offset += (value.bytes?.count ?? 0) + 1
        }
        return body(
          Int32(values.count), values.map(\.type), pointers,
          values.map { Int32($0.bytes?.count ?? 0) }, values.map { _ in 1 })
      }
    }
  }

  private func flush() {
    if hasEnded { return }
    switch PQflush(handle) {
    case 0: isWriting = false
    case 1:
      if isWriting { return }
      isWriting = true
      alarm.ring()
    default: finish(.lost(said()))
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
    while syncs > 0, PQisBusy(handle) == 0 {
      // Nothing between two commands' results.
      if let result = PQgetResult(handle) {
        take(result)
      } else if PQstatus(handle) == CONNECTION_BAD {
        break
      } else {
        endCommand()
      }
      if hasEnded { return }
    }
    var isNotified = false
    while let notification = PQnotifies(handle) {
      PQfreemem(notification)
      isNotified = true
    }
    if isNotified { events.notified() }
    if !isOpen || PQstatus(handle) == CONNECTION_BAD { return finish(.lost(said())) }
    collect()
    flush()
  }

  private func take(_ result: OpaquePointer) {
    switch PQresultStatus(result) {
    case PGRES_PIPELINE_SYNC:
      PQclear(result)
      syncs -= 1
      hasResult = false
      answer()
      let again = passedOver
      passedOver = []
      for request in again { start(request.anew) }
      sync()
      arm()
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK:
      hasResult = true
      waiting.first?.rows = Rows(result)
    case PGRES_PIPELINE_ABORTED:
      hasResult = true
      PQclear(result)
      waiting.first?.isPassedOver = true
    default:
      hasResult = true
      defer { PQclear(result) }
      if waiting.first?.failure != nil { return }
      // `PG_DIAG_SQLSTATE` and `PG_DIAG_MESSAGE_PRIMARY`, which Swift does not import. The detail beside them repeats
      // values of rows.
      let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) }
      let primary = PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) }
      guard let state else { return finish(.lost(said())) }
      waiting.first?.failure =
        .refused(state: state, message: primary ?? "no reason was given")
    }
  }

  /// The server is done with the command of the moment. What has no synchronisation point behind it is answered now:
  /// it only reads, and nothing that comes can take that back.
  private func endCommand() {
    guard hasResult, let first = waiting.first else { return }
    hasResult = false
    first.commands -= 1
    if !first.isLast, first.commands == 0 { answer() }
  }

  /// Answers the first of those who wait.
  private func answer() {
    guard let request = waiting.popFirst() else { return }
    if let failure = request.failure {
      forgetNames(after: failure, of: request)
      request.answer(.failure(failure))
    } else if request.isPassedOver {
      passedOver.append(request)
    } else if let rows = request.rows {
      rows.isWarned = request.isWarned
      request.answer(.success(rows))
    } else {
      request.answer(.failure(.lost("the server gave no result")))
    }
  }

  /// A statement that could not be prepared has no name. One whose result has another form than it had (0A000) has to
  /// be prepared anew. Where names are not known or taken (26000, 42P05) a pooler gives us now this session, now that.
  private func forgetNames(after failure: Failure, of request: Request) {
    if request.prepares, request.rows == nil { names[request.statement.sql] = nil }
    guard case .refused(let state, _) = failure, request.statement.isKept else { return }
    switch state {
    case "0A000": names[request.statement.sql] = nil
    case "26000", "42P05":
      keepsStatements = false
      names = [:]
    default: break
    }
  }

  /// A notice of the server's to the statement that is being answered; `PG_DIAG_SEVERITY_NONLOCALIZED`.
  private func heed(_ notice: OpaquePointer) {
    let severity = PQresultErrorField(notice, Int32(UInt8(ascii: "V"))).map { String(cString: $0) }
    if severity == "WARNING" { waiting.first?.isWarned = true }
  }

  /// What libpq says of the connection, on one line.
  private func said() -> String { Connection.line(PQerrorMessage(handle)) }

  static func line(_ text: UnsafePointer<CChar>?) -> String {
    let said = text.map { String(cString: $0) } ?? ""
    let line = said.split { $0.isWhitespace }.joined(separator: " ")
    return line.isEmpty ? "the connection was lost" : line
  }

  // MARK: Ending

  /// Sees to it that our thread looks no later than the first answer is overdue. That it looks too early costs less than
  /// waking it for each.
  private func arm() {
    guard let first = waiting.first, first.deadline < armed else { return }
    armed = first.deadline
    alarm.ring()
  }

  private func look() {
    if hasEnded || DispatchTime.now().uptimeNanoseconds < armed { return }
    armed = .max
    guard let first = waiting.first else { return }
    if DispatchTime.now().uptimeNanoseconds < first.deadline { return arm() }
    finish(.lost("the server did not answer in time"))
  }

  private func finish(_ failure: Failure) {
    if hasEnded { return }
    ending = failure
    alarm.ring()
    let lost =
      passedOver + waiting
      + inbox.withLock { inbox in
        defer { inbox = [] }
        return inbox
      }
    (passedOver, waiting) = ([], [])
    for request in lost { request.answer(.failure(request.failure ?? failure)) }
    events.ended(self, failure)
  }
}

extension Duration {
  /// Whole nanoseconds from 0 to some 290 years.
  var clampedNanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    if seconds < 0 { return 0 }
    if seconds > 9_000_000_000 { return 9_000_000_000_000_000_000 }
    return UInt64(seconds) * 1_000_000_000 + UInt64(max(0, attoseconds) / 1_000_000_000)
  }
}
