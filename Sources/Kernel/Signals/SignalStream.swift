/// The signals of one type as an `AsyncSequence`, from the moment of its creation on, through a buffer of
/// bounded size. What does not fit is dropped by the declared rule and reported as ``ListenerFailed``.
/// Iterate it once. Ending the iteration ends the subscription.
public struct SignalStream<Received: Signal>: AsyncSequence, Sendable {
  public typealias Element = Received
  private let stream: AsyncStream<Received>

  init(bus: SignalBus, id: String, bound: Int, overflow: Overflow) {
    let policy: AsyncStream<Received>.Continuation.BufferingPolicy =
      overflow == .dropOldest ? .bufferingNewest(bound) : .bufferingOldest(bound)
    let (stream, continuation) = AsyncStream.makeStream(
      of: Received.self, bufferingPolicy: policy)
    self.stream = stream
    let drops = Locked<Int64>(0)
    let subscription = bus.subscribeDirectly(Received.self) { [weak bus] signal in
      if case .dropped = continuation.yield(signal) {
        let count = drops.withLock {
          $0 += 1
          return $0
        }
        bus?.report(id, Received.self, .overflowed, count)
      }
    }
    continuation.onTermination = { _ in subscription.cancel() }
  }

  public func makeAsyncIterator() -> AsyncStream<Received>.Iterator {
    stream.makeAsyncIterator()
  }
}
