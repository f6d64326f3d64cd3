/// Receives one type of signal.
///
/// A listener has a lane of its own: whatever it does (throw, hang, flood), it can't change or delay a
/// verdict nor another listener. A throw becomes ``ListenerFailed`` and is counted.
///
/// Threading: calls of one listener never overlap; `.queue` and `.durable` calls come on its own serial queue,
/// `.inline` calls on the queue on which the kernel publishes changes.
public protocol SignalListener: Plugin {
  /// The signal that it is for; ``AnySignal`` for every one.
  associatedtype Received: Signal
  /// How signals come to it. Asked once, when it is subscribed.
  var delivery: Delivery<Received> { get }
  /// Takes one signal. A throw is counted; with durable delivery it is tried again.
  func receive(_ signal: Received) throws
}

extension SignalListener {
  /// A mailbox of 10,000 signals of which the oldest go first.
  public var delivery: Delivery<Received> { .queue(bound: 10_000, overflow: .dropOldest) }
  /// The cursor of a listener that asks for durable delivery.
  var durableCursor: String? { delivery.durableCursor }
  public func register(in registry: inout Registry) { registry.add(listener: self) }
}
