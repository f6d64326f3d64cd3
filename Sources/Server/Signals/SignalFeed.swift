import CardeaHTTPTypes
import CardeaKernel
import CoreMetrics
import NIOCore
import ServiceLifecycle

/// What the streams of `GET /v1/signals` read: the signal log, whose end is kept in memory while anybody follows.
///
/// Each stream has a cursor of its own and asks for what comes after it, so that nothing is missed or told twice,
/// whichever process made a change. Streams that keep up share one reading of the log; one that is behind reads
/// the log itself, page by page, at its own pace. Nothing is queued for anybody: a client that takes nothing
/// holds its connection's buffers, until it is dropped.
///
/// Threading: any thread.
final class SignalFeed: Service, CustomStringConvertible {
  /// What came after a cursor, in order; of a page without any, time has passed.
  struct Page: Sendable {
    var events: [SignalEvent] = []
    /// Heartbeats so far.
    let beat: UInt64
  }

  /// Events that are kept in memory.
  private static let longestTail = 1_024
  /// Events of one page.
  private static let longestPage = 256

  let description = "signals"
  private let kernel: AuthKernel
  private let configuration: ServerConfiguration
  private let streams: Meter
  private let drops: Counter
  private let state = Locked(State())

  private struct State {
    /// The end of the log, without gaps.
    var tail: [SignalEvent] = []
    /// How far the log has been read; `nil` while nobody follows.
    var end: Int64?
    /// Of which log that is (``LogWatch/histories``).
    var history = 0
    var isReading = false
    var isWoken = false
    var isClosed = false
    var beat: UInt64 = 0
    var nextNumber: UInt64 = 0
    var lines: [UInt64: SignalLine] = [:]
    var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
  }

  init(_ kernel: AuthKernel, _ configuration: ServerConfiguration, _ factory: any MetricsFactory) {
    self.kernel = kernel
    self.configuration = configuration
    streams = Meter(label: MetricName.streams, dimensions: [], factory: factory)
    drops = Counter(label: MetricName.streamDrops, dimensions: [], factory: factory)
  }

  /// Follows the log until the server stops; then every stream ends.
  func run() async throws {
    let history = kernel.logWatch.histories
    state.withLock { $0.history = history }
    let subscription = kernel.logWatch.subscribe { [weak self] in
      self?.endIfReplaced()
      self?.wake()
    }
    await cancelWhenGracefulShutdown { [self] in
      while (try? await Task.sleep(for: configuration.signalHeartbeat)) != nil { beat() }
    }
    subscription.cancel()
    close()
  }

  // MARK: Streams

  /// A place for one more stream. It is given back when the seat is let go of.
  func seat(_ connection: any Channel) throws(Problem) -> SignalSeat {
    let limit = configuration.maxSignalStreams
    let line = SignalLine(connection)
    let number: UInt64? = state.withLock { state in
      guard !state.isClosed, state.lines.count < limit else { return nil }
      state.nextNumber += 1
      state.lines[state.nextNumber] = line
      streams.set(state.lines.count)
      return state.nextNumber
    }
    guard let number else {
      throw Problem(
        status: 503, code: "too_many_streams",
        detail: "as many streams of signals are open as signals.max_streams allows")
    }
    return SignalSeat(number: number, line: line) { [weak self] in self?.leave(number) }
  }

  private func leave(_ number: UInt64) {
    state.withLock { state in
      state.lines[number] = nil
      streams.set(state.lines.count)
      if state.lines.isEmpty {
        state.tail = []
        state.end = nil
      }
    }
  }

  /// Where a stream begins: at the log's end, or after the position that a client has come to.
  /// - Throws: a ``Problem`` if the log does not go as far.
  func start(after position: Int64?) async throws -> Int64 {
    let head = try await kernel.inStore { () async throws(StoreError) in
      try await kernel.store.logHead().position
    }
    if let position, position > head {
      throw Problem.invalid("Last-Event-ID", "is beyond the end of the log")
    }
    state.withLock { if $0.end == nil { $0.end = head } }
    wake()
    return position ?? head
  }

  /// What comes after a cursor. Waits for it, at most until the next heartbeat; `nil` once the server stops.
  func page(after cursor: Int64, for seat: SignalSeat) async throws -> Page? {
    if let page = try await look(after: cursor, waits: false) {
      return page.isLast ? nil : page.page
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state -> Bool in
          if state.isClosed || (state.end ?? 0) > cursor || Task.isCancelled { return true }
          state.waiters[seat.number] = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: seat.number) }?.resume()
    }
    try Task.checkCancellation()
    guard let page = try await look(after: cursor, waits: true) else { return nil }
    return page.isLast ? nil : page.page
  }

  private enum Look {
    case found(Page)
    /// The tail does not go back so far.
    case behind(beat: UInt64)
    case nothing(Page)
    case closed
  }

  /// - Parameter waits: whether an empty page is an answer.
  private func look(
    after cursor: Int64, waits: Bool
  ) async throws -> (page: Page, isLast: Bool)? {
    switch state.withLock({ SignalFeed.look(after: cursor, in: $0) }) {
    case .closed: return (Page(beat: 0), true)
    case .found(let page): return (page, false)
    case .nothing(let page): return waits ? (page, false) : nil
    case .behind(let beat):
      let entries = try await kernel.store.log(after: cursor, limit: SignalFeed.longestPage)
      return (Page(events: try entries.map { try SignalEvent($0) }, beat: beat), entries.isEmpty)
    }
  }

  private static func look(after cursor: Int64, in state: State) -> Look {
    if state.isClosed { return .closed }
    let page = Page(beat: state.beat)
    guard let end = state.end, end > cursor else { return .nothing(page) }
    let first = end - Int64(state.tail.count) + 1
    guard cursor + 1 >= first else { return .behind(beat: state.beat) }
    let events = state.tail.dropFirst(Int(cursor + 1 - first)).prefix(longestPage)
    return .found(Page(events: Array(events), beat: state.beat))
  }

  // MARK: The log's end

  /// Where another log took the place of the one that streams have followed, its positions tell of other changes: every
  /// stream ends, and who comes back begins anew.
  private func endIfReplaced() {
    let history = kernel.logWatch.histories
    let lines = state.withLock { state -> [SignalLine] in
      defer { state.history = history }
      guard state.history != history else { return [] }
      state.tail = []
      state.end = nil
      return Array(state.lines.values)
    }
    for line in lines { _ = line.drop() }
  }

  /// The log may have grown.
  private func wake() {
    let starts = state.withLock { state -> Bool in
      guard state.end != nil, !state.isClosed else { return false }
      state.isWoken = true
      if state.isReading { return false }
      state.isReading = true
      return true
    }
    if starts { Task { await read() } }
  }

  private func read() async {
    while let end = begin() {
      // What can't be read now is read at the next heartbeat.
      guard
        let entries = try? await kernel.store.log(after: end, limit: SignalFeed.longestPage),
        let events = try? entries.map({ try SignalEvent($0) }), let last = entries.last
      else { continue }
      append(events, after: end, through: last.position)
    }
  }

  /// Where to go on; `nil` if there is nothing to do.
  private func begin() -> Int64? {
    state.withLock { state in
      guard state.isWoken, !state.isClosed, let end = state.end else {
        state.isReading = false
        return nil
      }
      state.isWoken = false
      return end
    }
  }

  private func append(_ events: [SignalEvent], after end: Int64, through last: Int64) {
    let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      // Nobody followed for a moment, and then somebody did from elsewhere.
      guard state.end == end else { return [] }
      state.end = last
      state.tail += events
      state.tail.removeFirst(max(0, state.tail.count - SignalFeed.longestTail))
      state.isWoken = true
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume() }
  }

  // MARK: Time

  private func beat() {
    let (waiters, lines) = state.withLock { state in
      state.beat += 1
      defer { state.waiters = [:] }
      return (Array(state.waiters.values), Array(state.lines.values))
    }
    for waiter in waiters { waiter.resume() }
    let now = kernel.clock.monotonic()
    for line in lines where line.isStuck(at: now, for: configuration.signalWriteTimeout) {
      if line.drop() { drops.increment(by: 1) }
    }
    wake()
  }

  private func close() {
    let waiters = state.withLock { state in
      state.isClosed = true
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume() }
  }
}
