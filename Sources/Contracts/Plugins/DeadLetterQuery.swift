/// Which dead letters a listing wants.
public struct DeadLetterQuery: Sendable, Equatable {
  /// The cursor's name; `nil` means every subscription.
  public var subscription: String?
  /// Only those that are to be delivered once more.
  public var onlyReplayed = false
  /// Where the page before ended.
  public var after: Place?
  /// 1 to 1,000 a page.
  public var limit: Int

  /// A dead letter's place in the order of the listing.
  public struct Place: Sendable, Equatable {
    public let subscription: String
    public let position: Int64

    public init(subscription: String, position: Int64) {
      self.subscription = subscription
      self.position = position
    }
  }

  public init(subscription: String? = nil, limit: Int = 100) {
    self.subscription = subscription
    self.limit = min(max(limit, 1), 1_000)
  }
}
