/// A holder's wish to deliver a subscription's signals for a while.
public struct SubscriptionClaim: Sendable, Equatable {
  /// The cursor's name.
  public let name: String
  /// Who asks: one kernel, for as long as it lives.
  public let holder: String
  /// By the store's clock, if it has one of its own (``ManyNodeStore/storeTime``).
  public let now: Timestamp
  /// When the claim runs out; ``now`` gives it back.
  public let until: Timestamp
  /// The position after which a subscription begins that was never seen.
  public let start: Int64

  public init(name: String, holder: String, now: Timestamp, until: Timestamp, start: Int64) {
    self.name = name
    self.holder = holder
    self.now = now
    self.until = until
    self.start = start
  }
}
