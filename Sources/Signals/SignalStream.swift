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
    let drops = Tally()
    let subscription = bus.subscribeDirectly(
      Received.self, id: id, dropped: { drops.count }
    ) { [weak bus] signal in
      if case .dropped = continuation.yield(signal) {
        bus?.report(id, Received.self, .overflowed, drops.add())
      }
    }
    continuation.onTermination = { _ in subscription.cancel() }
  }

  public func makeAsyncIterator() -> AsyncStream<Received>.Iterator {
    stream.makeAsyncIterator()
  }
}
