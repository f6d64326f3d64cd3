import CardeaWebhooks

/// What a test delivery came to: `{"delivered", "status", "reason"}`.
public struct WebhookTestResource: Encodable, Sendable {
  private let delivered: Bool
  private let status: Int?
  private let reason: String?

  package init(_ answer: WebhookAnswer) {
    delivered = answer.isSuccess
    status = answer.status
    reason = answer.isSuccess ? nil : answer.reason
  }

  private enum CodingKeys: String, CodingKey { case delivered, status, reason }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(delivered, forKey: .delivered)
    try container.encode(status, forKey: .status)
    try container.encode(reason, forKey: .reason)
  }
}
