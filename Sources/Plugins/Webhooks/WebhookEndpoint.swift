import CardeaKernel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Where signals are sent, and which.
public struct WebhookEndpoint: Sendable, Equatable {
  public let id: UUID
  public internal(set) var url: String
  public internal(set) var description: String
  /// The wire names of the signals that it gets; empty for every one.
  public internal(set) var signals: [String]
  public internal(set) var isEnabled: Bool
  public let createdAt: Timestamp
  public let createdBy: String
  /// The position of the signal log after which it begins.
  let start: Int64
  /// The one in force first, then those whose overlap is not over.
  var secrets: [WebhookSecret]
  /// Of the record in the store.
  var revision: Int64

  /// The name of its durable subscription.
  public var subscription: String { WebhookEndpoint.subscription(id) }

  static func subscription(_ id: UUID) -> String { "webhook.\(id.text)" }

  /// The secrets that sign at this moment.
  func secrets(at now: Timestamp) -> [WebhookSecret] {
    secrets.filter { secret in secret.endsAt.map { now < $0 } ?? true }
  }

  /// Until when the secret before signs too; `nil` without an open overlap.
  public func overlap(at now: Timestamp) -> Timestamp? {
    secrets(at: now).compactMap(\.endsAt).max()
  }

  func takes(_ entry: LogEntry) -> Bool {
    // What was purged or pruned says nothing any more.
    guard entry.payload != nil else { return false }
    return signals.isEmpty || signals.contains { $0.utf8.elementsEqual(entry.signal.utf8) }
  }
}

extension WebhookEndpoint {
  /// The collection of the records.
  static let collection = "webhooks"

  /// The record's content. Secrets are in it, in clear: it goes to the store and nowhere else.
  private struct Content: Codable {
    struct Key: Codable {
      let secret: String
      let endsAt: Timestamp?
    }

    let url: String
    let description: String
    let signals: [String]
    let enabled: Bool
    let createdAt: Timestamp
    let createdBy: String
    let start: Int64
    let secrets: [Key]
  }

  init(_ record: PluginRecord) throws(StoreError) {
    guard
      let content = try? JSONDecoder().decode(Content.self, from: Data(record.content))
    else { throw .corrupt("a webhook's record can't be read") }
    var secrets: [WebhookSecret] = []
    for key in content.secrets {
      guard let secret = WebhookSecret(key.secret, endsAt: key.endsAt) else {
        throw .corrupt("a webhook's secret can't be read")
      }
      secrets.append(secret)
    }
    self.init(
      id: record.id, url: content.url, description: content.description, signals: content.signals,
      isEnabled: content.enabled, createdAt: content.createdAt, createdBy: content.createdBy,
      start: content.start, secrets: secrets, revision: record.revision)
  }

  /// The record that replaces the one that was read.
  func nextRecord() throws(StoreError) -> PluginRecord {
    let content = Content(
      url: url, description: description, signals: signals, enabled: isEnabled,
      createdAt: createdAt, createdBy: createdBy, start: start,
      secrets: secrets.map { Content.Key(secret: $0.reveal(), endsAt: $0.endsAt) })
    guard let data = try? JSONEncoder().encode(content) else {
      throw .corrupt("a webhook's record can't be written")
    }
    return PluginRecord(id: id, revision: revision + 1, content: Array(data))
  }
}
