import CardeaContracts
import CardeaWebhooks

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Every endpoint: `{"webhooks": […], "unreadable": [id, …]}`.
public struct WebhooksResource: Encodable, Sendable {
  private let webhooks: [WebhookResource]
  private let unreadable: [String]

  /// - Parameter unreadable: the ids of those whose records can't be read.
  public init(_ all: [WebhookStatus], unreadable: [UUID], at now: Timestamp) {
    webhooks = all.map { WebhookResource($0, at: now) }
    self.unreadable = unreadable.map(\.text)
  }
}
