/// A durable subscription as the store keeps it.
public struct SubscriptionRecord: Sendable, Equatable {
  /// The cursor's name.
  public let name: String
  /// The last position that was delivered, given up on or of no interest.
  public let position: Int64
  /// How many there are of it.
  public let deadLetters: Int

  public init(name: String, position: Int64, deadLetters: Int) {
    self.name = name
    self.position = position
    self.deadLetters = deadLetters
  }
}
