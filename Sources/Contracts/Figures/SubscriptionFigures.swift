/// How far a subscription is behind.
public struct SubscriptionFigures: Sendable, Equatable {
  /// The id that it was made under.
  public let id: String
  /// The wire name of what it receives.
  public let signal: String
  /// Signals in its mailbox, or between its cursor and the log's end; `nil` of a stream, where there is no
  /// telling.
  public let waiting: Int?
  /// Signals that it did not get: they did not fit, or were given up on.
  public let dropped: Int64
  /// Whether it does not get on: the signal that it was handed last failed and is to be tried again, or keeps it busy
  /// for longer than ``KernelConfiguration/listenerDeadline``.
  public let isStuck: Bool

  /// Signals that are many to wait for one subscription: whoever reads them learns of a revocation late.
  public static let manyWaiting = 1_000

  /// Whether more than that wait.
  public var isBehind: Bool { waiting.map { $0 > SubscriptionFigures.manyWaiting } ?? false }

  public init(id: String, signal: String, waiting: Int?, dropped: Int64, isStuck: Bool = false) {
    self.id = id
    self.signal = signal
    self.waiting = waiting
    self.dropped = dropped
    self.isStuck = isStuck
  }
}
