/// An endpoint with a secret that was just made. It goes to the caller that asked for it, once.
public struct IssuedWebhook: Sendable {
  public let status: WebhookStatus
  /// ``WebhookSecret/reveal()`` it to its user, once.
  public let secret: WebhookSecret
}
