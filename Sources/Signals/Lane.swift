import Dispatch

/// One subscription's own serial queue with a bounded mailbox.
///
/// The queue is woken only when the mailbox was empty, so a burst costs one dispatch. A listener that
/// hangs holds its own lane and nothing else.
final class Lane<Received: Sendable>: Sendable {
  private let queue: DispatchQueue
  private let bound: Int
  private let overflow: Overflow
  private let state = Locked(State())
  private let receive: @Sendable (Received) -> Void
  /// Called with the number dropped so far, after the lock is let go.
  private let dropped: @Sendable (Int64) -> Void

  private struct State {
    let mailbox = Mailbox<Received>()
    var running = false
    var droppedCount: Int64 = 0
    var closed = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  init(
    label: String, bound: Int, overflow: Overflow,
    receive: @escaping @Sendable (Received) -> Void,
    dropped: @escaping @Sendable (Int64) -> Void
  ) {
    // No target: a queue that targets a global one shares that one's few threads, so that some listeners that
    // hang would stop everything else that runs there.
    queue = DispatchQueue(label: label)
    self.bound = bound
    self.overflow = overflow
    self.receive = receive
    self.dropped = dropped
  }

  func enqueue(_ element: Received) {
    let (wake, drops) = state.withLock { state -> (Bool, Int64?) in
      guard !state.closed else { return (false, nil) }
      var drops: Int64?
      if state.mailbox.count >= bound {
        state.droppedCount += 1
        drops = state.droppedCount
        switch overflow {
        case .dropNewest: return (false, drops)
        case .dropOldest: state.mailbox.dropFirst()
        }
      }
      state.mailbox.append(element)
      let wake = !state.running
      state.running = true
      return (wake, drops)
    }
    if wake { queue.async { self.deliver() } }
    if let drops { dropped(drops) }
  }

  private func deliver() {
    while true {
      let (next, waiters) = state.withLock {
        state -> (Received?, [CheckedContinuation<Void, Never>]) in
        if let element = state.mailbox.takeFirst() { return (element, []) }
        state.mailbox.shrink()
        state.running = false
        defer { state.waiters = [] }
        return (nil, state.waiters)
      }
      guard let next else {
        for waiter in waiters { waiter.resume() }
        return
      }
      receive(next)
    }
  }

  /// How many wait, and how many were dropped so far.
  var figures: (waiting: Int, dropped: Int64) {
    state.withLock { ($0.mailbox.count, $0.droppedCount) }
  }

  /// Drops what waits and takes nothing more.
  func close() {
    state.withLock {
      $0.closed = true
      $0.mailbox.removeAll()
    }
  }

  /// Returns once everything enqueued before has been received.
  func drain() async {
    await withCheckedContinuation { continuation in
      let idle = state.withLock { state -> Bool in
        if state.running { state.waiters.append(continuation) }
        return !state.running
      }
      if idle { continuation.resume() }
    }
  }
}
