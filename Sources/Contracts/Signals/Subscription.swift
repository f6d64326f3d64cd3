/// A subscription that can be ended. Letting go of it does not end it.
public struct Subscription: Sendable {
  private let end: @Sendable () -> Void

  package init(_ end: @escaping @Sendable () -> Void) { self.end = end }

  /// No signal is delivered that is published after this returns; what waits is dropped.
  public func cancel() { end() }
}
