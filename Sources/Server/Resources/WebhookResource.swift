import CardeaLifecycle
import CardeaWebhooks

/// An endpoint of webhooks as the HTTP contract and `--json` write it: never its secret.
public struct WebhookResource: Encodable, Sendable {
  private let status: WebhookStatus
  private let now: Timestamp

  public init(_ status: WebhookStatus, at now: Timestamp) {
    self.status = status
    self.now = now
  }

  private enum CodingKeys: String, CodingKey {
    case id, url, description, signals, enabled, delivery
    case createdAt = "created_at"
    case createdBy = "created_by"
    case oldSecretEndsAt = "old_secret_ends_at"
  }

  private enum DeliveryKeys: String, CodingKey {
    case circuit, waiting, retrying
    case missed
    case deadLetters = "dead_letters"
    case deadLettersDropped = "dead_letters_dropped"
    case consecutiveFailures = "consecutive_failures"
    case nextAttemptAt = "next_attempt_at"
    case lastSuccessAt = "last_success_at"
    case lastFailure = "last_failure"
  }

  private enum FailureKeys: String, CodingKey { case at, status, reason, signal, position }

  public func encode(to encoder: any Encoder) throws {
    let endpoint = status.endpoint
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(endpoint.id.text, forKey: .id)
    try container.encode(endpoint.url, forKey: .url)
    try container.encode(endpoint.description, forKey: .description)
    try container.encode(endpoint.signals, forKey: .signals)
    try container.encode(endpoint.isEnabled, forKey: .enabled)
    try container.encode(endpoint.createdAt, forKey: .createdAt)
    try container.encode(endpoint.createdBy, forKey: .createdBy)
    try container.encode(endpoint.overlap(at: now), forKey: .oldSecretEndsAt)
    let delivery = status.delivery
    var inner = container.nestedContainer(keyedBy: DeliveryKeys.self, forKey: .delivery)
    try inner.encode(delivery.circuit(at: now).rawValue, forKey: .circuit)
    try inner.encode(status.waiting, forKey: .waiting)
    try inner.encode(delivery.retrying, forKey: .retrying)
    try inner.encode(status.deadLetters, forKey: .deadLetters)
    try inner.encode(delivery.deadLettersDropped, forKey: .deadLettersDropped)
    try inner.encode(delivery.missed, forKey: .missed)
    try inner.encode(delivery.consecutiveFailures, forKey: .consecutiveFailures)
    try inner.encode(delivery.nextAttemptAt, forKey: .nextAttemptAt)
    try inner.encode(delivery.lastSuccessAt, forKey: .lastSuccessAt)
    guard let failure = delivery.lastFailure else {
      return try inner.encodeNil(forKey: .lastFailure)
    }
    var last = inner.nestedContainer(keyedBy: FailureKeys.self, forKey: .lastFailure)
    try last.encode(failure.at, forKey: .at)
    try last.encode(failure.status, forKey: .status)
    try last.encode(failure.reason, forKey: .reason)
    try last.encode(failure.signal, forKey: .signal)
    try last.encode(failure.position, forKey: .position)
  }
}
