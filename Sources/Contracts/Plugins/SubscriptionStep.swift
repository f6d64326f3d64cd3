/// What a holder has done with its subscription.
public struct SubscriptionStep: Sendable, Equatable {
  /// The cursor's name.
  public let name: String
  /// ``SubscriptionClaim/holder``.
  public let holder: String
  /// Where the cursor stands, and where it goes.
  public let from: Int64
  public let to: Int64
  /// A signal that was given up on; one of the same position is replaced.
  public var buried: DeadLetter?
  /// The position of a dead letter that has been delivered after all.
  public var settled: Int64?

  public init(
    name: String, holder: String, from: Int64, to: Int64, buried: DeadLetter? = nil,
    settled: Int64? = nil
  ) {
    self.name = name
    self.holder = holder
    self.from = from
    self.to = to
    self.buried = buried
    self.settled = settled
  }
}
