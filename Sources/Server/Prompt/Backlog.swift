import NIOCore

/// What waits on a connection while the verdict on one of its requests is pending: what came behind the request, a
/// reading that was put off, and whoever wants to close. Threading: on the channel's event loop.
final class Backlog<Event> {
  /// As long as it is set, everything is to wait here.
  var isPending = false
  private var events = CircularBuffer<(event: Event, weight: Int)>()
  private var weight = 0
  private var owesRead = false
  private var closings: [(mode: CloseMode, promise: EventLoopPromise<Void>?)] = []

  /// Where reading stops, in bytes. Not at the first: to stop and go on costs two calls of the system.
  private static var most: Int { 16_384 }
  /// What an event weighs without its bytes.
  private static var least: Int { 256 }

  var isEmpty: Bool { events.isEmpty }

  func append(_ event: Event, bytes: Int = 0) {
    events.append((event, bytes + Backlog.least))
    weight += bytes + Backlog.least
  }

  /// Puts what came first before everything else.
  func prepend(_ event: Event, bytes: Int) {
    events.prepend((event, bytes + Backlog.least))
    weight += bytes + Backlog.least
  }

  /// Reads more, unless much waits here already: then once it does not.
  func read(_ context: ChannelHandlerContext) {
    if weight < Backlog.most { context.read() } else { owesRead = true }
  }

  /// Closes the connection, once the answer that is pending was given: who waits for it is not idle. Who only stops
  /// reading does not wait.
  func close(
    _ context: ChannelHandlerContext, _ mode: CloseMode, _ promise: EventLoopPromise<Void>?
  ) {
    if isPending, mode != .input {
      closings.append((mode, promise))
    } else {
      context.close(mode: mode, promise: promise)
    }
  }

  /// Makes up for what waited, as far as nothing is pending again.
  func goOn(_ context: ChannelHandlerContext, handling handle: (Event) -> Void) {
    while !isPending, let (event, weight) = events.popFirst() {
      self.weight -= weight
      handle(event)
    }
    if isPending { return }
    let closings = self.closings
    self.closings = []
    for (mode, promise) in closings { context.close(mode: mode, promise: promise) }
    if owesRead {
      owesRead = false
      read(context)
    }
  }

  /// The connection has gone, as whoever wanted to close it wished.
  func end() {
    for (_, promise) in closings { promise?.succeed() }
    closings = []
  }
}
