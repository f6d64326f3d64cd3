/// What the store answers to draws.
public struct QuotaAnswer: Sendable, Equatable {
  /// The store's time, by which all of them were decided.
  public let now: Timestamp
  /// One for each draw, in their order.
  public let grants: [QuotaGrant]

  public init(now: Timestamp, grants: [QuotaGrant]) {
    self.now = now
    self.grants = grants
  }
}
