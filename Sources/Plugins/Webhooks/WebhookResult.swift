/// What came of a delivery or of what was to be delivered, for metrics.
public enum WebhookResult: String, Sendable, CaseIterable {
  case delivered
  /// It will be tried again.
  case failed
  /// It was given up on.
  case buried
  /// It was pruned from the signal log before it was delivered.
  case missed
  /// An older dead letter, which gave way to a new one.
  case dropped
}
