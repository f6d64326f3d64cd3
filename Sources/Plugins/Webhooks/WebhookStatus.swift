/// An endpoint, and how deliveries to it go.
public struct WebhookStatus: Sendable {
  public let endpoint: WebhookEndpoint
  public let delivery: WebhookState
  /// Entries of the signal log after the last that was delivered, set aside or of no interest.
  public let waiting: Int64
  /// Signals that were given up on.
  public let deadLetters: Int
}
