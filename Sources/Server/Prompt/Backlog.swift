import NIOCore

/// What waits on a connection while the verdict on one of its requests is pending: what came behind the request, a
/// reading that was put off, and whoever wants to close. Threading: on the channel's event loop.
struct Backlog<Event> {
  /// As long as it is set, everything is to wait here.
  var isPending = false
  private var events = CircularBuffer<(event: Event, weight: Int)>()
  private var weight = 0
  private var owesRead = false
  private var closings: [Closing] = []

  /// Somebody's wish that the connection be closed.
  struct Closing {
    let mode: CloseMode
    let promise: EventLoopPromise<Void>?
  }

  /// Where reading stops, in bytes. Not at the first: to stop and go on costs two calls of the system.
  private static var most: Int { 16_384 }
  /// What an event weighs without its bytes.
  private static var least: Int { 256 }

  var isEmpty: Bool { events.isEmpty }

  mutating func append(_ event: Event, bytes: Int = 0) {
    events.append((event, bytes + Backlog.least))
    weight += bytes + Backlog.least
  }

  /// Puts what came first before everything else.
  mutating func prepend(_ event: Event, bytes: Int) {
    events.prepend((event, bytes + Backlog.least))
    weight += bytes + Backlog.least
  }

  /// What came first, as long as nothing is pending.
  mutating func next() -> Event? {
    guard !isPending, let (event, weight) = events.popFirst() else { return nil }
    self.weight -= weight
    return event
  }

  /// Whether more may be read now; if not, it is owed.
  mutating func mayRead() -> Bool {
    if weight < Backlog.most { return true }
    owesRead = true
    return false
  }

  /// Whether more is to be read after all.
  mutating func takeRead() -> Bool {
    guard owesRead, !isPending, weight < Backlog.most else { return false }
    owesRead = false
    return true
  }

  /// Whether a closing waits for the answer that is pending. Who stopped reading does not.
  mutating func holds(_ mode: CloseMode, _ promise: EventLoopPromise<Void>?) -> Bool {
    guard isPending, mode != .input else { return false }
    closings.append(Closing(mode: mode, promise: promise))
    return true
  }

  /// The closings that waited, as long as nothing is pending.
  mutating func takeClosings() -> [Closing] {
    if isPending || closings.isEmpty { return [] }
    defer { closings = [] }
    return closings
  }

  /// The connection has gone.
  mutating func end() -> [Closing] {
    isPending = false
    return takeClosings()
  }
}
