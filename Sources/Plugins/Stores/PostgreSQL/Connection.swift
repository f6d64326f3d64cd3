import CPostgreSQL
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
/// No thread waits for an answer: a dispatch source tells when the socket has one. The first answer that is overdue
/// ends the connection, since those behind it can't come before.
///
/// Threading: ``send(_:within:answer:)`` and ``end(_:)`` from any thread; answers are called on the connection's queue.
/// Whoever makes a connection ends it, else it stays open.
// @unchecked: everything that changes is touched on `queue` alone.
final class Connection: @unchecked Sendable {
  typealias Answer = @Sendable (Result<Rows, Failure>) -> Void

  /// Where notifications arrive, and once why the connection has ended.
  struct Events: Sendable {
    var notified: @Sendable () -> Void = {}
    var ended: @Sendable (Connection, Failure) -> Void = { _, _ in }
  }

  private let queue = DispatchQueue(
    label: "cardea.store.postgresql.connection", qos: .userInitiated)
  private let handle: OpaquePointer
  /// Not behind a pooler in transaction mode, declared or found out: what was prepared is another session's next time.
  private var keepsStatements: Bool
  private let events: Events
  private let reader: any DispatchSourceRead
  private let watchdog: any DispatchSourceTimer
  /// While libpq could not hand everything to the socket.
  private var writer: (any DispatchSourceWrite)?
  /// Sources that are not done with the socket yet.
  private let sources = DispatchGroup()
  private var waiting: ArraySlice<Request> = []
  private var names: [String: String] = [:]
  private var prepared = 0
  private var ending: Failure?
  private var hasEnded: Bool { ending != nil }

  private struct Request {
    let statement: Statement
    /// `DispatchTime` in nanoseconds.
    let deadline: UInt64
    let answer: Answer
    /// Prepares this statement under its name.
    var prepares = false
    var rows: Rows?
    var failure: Failure?
    var isWarned = false
  }

  /// - Parameters:
  ///   - handle: connected and idle; the connection's own from now on.
  ///   - keepsStatements: whether the server keeps what was prepared for the next time.
  init(_ handle: OpaquePointer, keepsStatements: Bool, events: Events) {
    self.handle = handle
    self.keepsStatements = keepsStatements
    self.events = events
    PQsetnonblocking(handle, 1)
    PQenterPipelineMode(handle)
    reader = DispatchSource.makeReadSource(fileDescriptor: PQsocket(handle), queue: queue)
    watchdog = DispatchSource.makeTimerSource(queue: queue)
    sources.enter()
    reader.setCancelHandler { [sources] in sources.leave() }
    reader.setEventHandler { [weak self] in self?.receive() }
    watchdog.setEventHandler { [weak self] in self?.look() }
    // It lives as long as the handle.
    PQsetNoticeReceiver(
      handle,
      { connection, notice in
        guard let connection, let notice else { return }
        Unmanaged<Connection>.fromOpaque(connection).takeUnretainedValue().heed(notice)
      }, Unmanaged.passUnretained(self).toOpaque())
    reader.activate()
    watchdog.activate()
  }

  /// Sends statements, one after the other.
  /// - Parameter answer: called for each, in their order.
  func send(_ statements: [Statement], within limit: Duration, answer: @escaping Answer) {
    queue.async { [self] in
      let deadline = DispatchTime.now().uptimeNanoseconds &+ limit.clampedNanoseconds
      for statement in statements {
        start(Request(statement: statement, deadline: deadline, answer: answer))
      }
      flush()
    }
  }

  /// Closes the connection; what was not answered yet is lost.
  func end(_ failure: Failure) {
    queue.async { [self] in finish(failure) }
  }

  /// The same once what is being asked now has been answered or is overdue.
  func end(after limit: Duration) {
    let moment = DispatchTime.now() + .nanoseconds(Int(clamping: limit.clampedNanoseconds))
    queue.asyncAfter(deadline: moment) { [self] in
      finish(.lost("another connection was made"))
    }
  }

  /// Tells once more of the end, if there was one.
  func tellIfEnded() {
    queue.async { [self] in if let ending { events.ended(self, ending) } }
  }

  // MARK: Sending

  private func start(_ request: Request) {
    var request = request
    if hasEnded { return request.answer(.failure(.lost("the connection is closed"))) }
    let statement = request.statement
    let isSent: Bool
    if statement.isKept, keepsStatements {
      let name: String
      if let known = names[statement.sql] {
        name = known
      } else {
        prepared += 1
        name = "c\(Connection.digest(of: statement))_\(prepared)"
        names[statement.sql] = name
        request.prepares = true
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
    guard isSent, PQpipelineSync(handle) == 1 else { return refuse(request) }
    waiting.append(request)
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
    case 0:
      writer?.cancel()
      writer = nil
    case 1:
      if writer != nil { return }
      let source = DispatchSource.makeWriteSource(fileDescriptor: PQsocket(handle), queue: queue)
      sources.enter()
      source.setCancelHandler { [sources] in sources.leave() }
      // libpq may have read answers while it could not write: nothing else would tell of them.
      source.setEventHandler { [weak self] in self?.receive() }
      writer = source
      source.activate()
    default: finish(.lost(said()))
    }
  }

  // MARK: Receiving

  private func receive() {
    if hasEnded { return }
    let isOpen = PQconsumeInput(handle) == 1
    while !waiting.isEmpty, PQisBusy(handle) == 0 {
      // Nothing between two commands' results.
      guard let result = PQgetResult(handle) else {
        if PQstatus(handle) == CONNECTION_BAD { break }
        continue
      }
      take(result)
      if hasEnded { return }
    }
    var isNotified = false
    while let notification = PQnotifies(handle) {
      PQfreemem(notification)
      isNotified = true
    }
    if isNotified { events.notified() }
    if !isOpen || PQstatus(handle) == CONNECTION_BAD { return finish(.lost(said())) }
    flush()
  }

  private func take(_ result: OpaquePointer) {
    switch PQresultStatus(result) {
    case PGRES_PIPELINE_SYNC:
      PQclear(result)
      guard let request = waiting.popFirst() else { return }
      if let failure = request.failure { forgetNames(after: failure, of: request) }
      request.rows?.isWarned = request.isWarned
      if let failure = request.failure {
        request.answer(.failure(failure))
      } else if let rows = request.rows {
        request.answer(.success(rows))
      } else {
        request.answer(.failure(.lost("the server gave no result")))
      }
      arm()
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK:
      waiting[waiting.startIndex].rows = Rows(result)
    case PGRES_PIPELINE_ABORTED: PQclear(result)
    default:
      defer { PQclear(result) }
      if waiting[waiting.startIndex].failure != nil { return }
      // `PG_DIAG_SQLSTATE` and `PG_DIAG_MESSAGE_PRIMARY`, which Swift does not import. The detail beside them repeats
      // values of rows.
      let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) }
      let primary = PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) }
      guard let state else { return finish(.lost(said())) }
      waiting[waiting.startIndex].failure =
        .refused(state: state, message: primary ?? "no reason was given")
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
    if severity == "WARNING", !waiting.isEmpty { waiting[waiting.startIndex].isWarned = true }
  }

  /// What libpq says of the connection, on one line.
  private func said() -> String { Connection.line(PQerrorMessage(handle)) }

  static func line(_ text: UnsafePointer<CChar>?) -> String {
    let said = text.map { String(cString: $0) } ?? ""
    let line = said.split { $0.isWhitespace }.joined(separator: " ")
    return line.isEmpty ? "the connection was lost" : line
  }

  // MARK: Ending

  private func arm() {
    guard let first = waiting.first else { return watchdog.schedule(deadline: .distantFuture) }
    watchdog.schedule(
      deadline: DispatchTime(uptimeNanoseconds: first.deadline), leeway: .milliseconds(1))
  }

  private func look() {
    guard !hasEnded, let first = waiting.first else { return }
    if DispatchTime.now().uptimeNanoseconds < first.deadline { return arm() }
    finish(.lost("the server did not answer in time"))
  }

  private func finish(_ failure: Failure) {
    if hasEnded { return }
    ending = failure
    reader.cancel()
    writer?.cancel()
    writer = nil
    watchdog.cancel()
    // The socket may be closed only when no source looks at it any more.
    sources.notify(queue: queue) { [self] in PQfinish(handle) }
    let lost = waiting
    waiting = []
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
