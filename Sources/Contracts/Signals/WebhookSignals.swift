#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

// The lifecycle of a webhook's endpoint, one type per fact. Written with its record's change by
// ``AuthKernel/commit(_:telling:)``.

/// An endpoint was made: signals leave for it from now on.
public struct WebhookCreated: ChangeSignal {
  public static let name = "webhook_created"
  public let at: Timestamp
  public let actor: String
  public let webhook: WebhookFacts
  public var position: Int64?

  public init(at: Timestamp, actor: String, webhook: WebhookFacts, position: Int64? = nil) {
    self.at = at
    self.actor = actor
    self.webhook = webhook
    self.position = position
  }

  private enum CodingKeys: String, CodingKey { case at, actor, position, webhook }
}

/// Where an endpoint is, what it gets, or whether it gets anything was changed.
public struct WebhookUpdated: ChangeSignal {
  public static let name = "webhook_updated"
  public let at: Timestamp
  public let actor: String
  public let webhook: WebhookFacts
  /// The names of the fields that changed.
  public let changed: [String]
  public var position: Int64?

  public init(
    at: Timestamp, actor: String, webhook: WebhookFacts, changed: [String], position: Int64? = nil
  ) {
    self.at = at
    self.actor = actor
    self.webhook = webhook
    self.changed = changed
    self.position = position
  }

  private enum CodingKeys: String, CodingKey { case at, actor, position, webhook, changed }
}

/// An endpoint was removed.
public struct WebhookDeleted: ChangeSignal {
  public static let name = "webhook_deleted"
  public let at: Timestamp
  public let actor: String
  public let webhook: WebhookFacts
  public var position: Int64?

  public init(at: Timestamp, actor: String, webhook: WebhookFacts, position: Int64? = nil) {
    self.at = at
    self.actor = actor
    self.webhook = webhook
    self.position = position
  }

  private enum CodingKeys: String, CodingKey { case at, actor, position, webhook }
}

/// An endpoint was given a new signing secret.
public struct WebhookSecretRotated: ChangeSignal {
  public static let name = "webhook_secret_rotated"
  public let at: Timestamp
  public let actor: String
  public let webhook: WebhookFacts
  public var position: Int64?

  public init(at: Timestamp, actor: String, webhook: WebhookFacts, position: Int64? = nil) {
    self.at = at
    self.actor = actor
    self.webhook = webhook
    self.position = position
  }

  private enum CodingKeys: String, CodingKey { case at, actor, position, webhook }
}

/// What a signal tells of an endpoint: of its URL the host alone, since the rest may hold what only its owner is to
/// know. No signing secret.
public struct WebhookFacts: Sendable, Equatable, Codable {
  public let id: UUID
  /// `nil` of an endpoint whose record could not be read.
  public let host: String?

  public init(id: UUID, host: String?) {
    self.id = id
    self.host = host
  }

  private enum CodingKeys: String, CodingKey { case id, host }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id.text, forKey: .id)
    try container.encode(host, forKey: .host)
  }
}
