import CardeaContracts
import CardeaWebhooks

/// An endpoint after a change: `{"webhook"}`, and `secret` too if it was given one: the only place where a signing
/// secret is written out, once.
public struct ChangedWebhookResource: Encodable, Sendable {
  private let webhook: WebhookResource
  private let secret: String?

  public init(_ status: WebhookStatus, at now: Timestamp) {
    webhook = WebhookResource(status, at: now)
    secret = nil
  }

  public init(_ issued: IssuedWebhook, at now: Timestamp) {
    webhook = WebhookResource(issued.status, at: now)
    secret = issued.secret.reveal()
  }
}
