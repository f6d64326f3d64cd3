import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Where signals are sent, and which.
public struct WebhookEndpoint: Sendable, Equatable {
  /// UUIDv7; never changes.
  public let id: UUID
  /// Where deliveries are sent.
  public internal(set) var url: String
  public internal(set) var description: String
  /// The wire names of the signals that it gets; empty for every one.
  public internal(set) var signals: [String]
  /// Whether anything is sent to it.
  public internal(set) var isEnabled: Bool
  public let createdAt: Timestamp
  /// ``Actor/description`` of who made it.
  public let createdBy: String
  /// The position of the signal log after which it begins.
  let start: Int64
  /// The one in force first, then those whose overlap is not over.
  var secrets: [WebhookSecret]
  /// Of the record in the store.
  package var revision: Int64

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

  /// Signs with a new secret from now on. The one before signs too until the overlap ends; those before it do not.
  mutating func rotate(to secret: WebhookSecret, overlap: Duration, at now: Timestamp) {
    let old = overlap > .zero ? secrets.first : nil
    secrets = [secret]
    if var old {
      old.endsAt = now.adding(overlap) ?? .latest
      secrets.append(old)
    }
  }

  /// Whether it asks for signals of this one's name.
  func asksFor(_ entry: LogEntry) -> Bool {
    signals.isEmpty || signals.contains { $0.utf8.elementsEqual(entry.signal.utf8) }
  }

  func takes(_ entry: LogEntry) -> Bool {
    // What was purged or pruned says nothing any more.
    guard let payload = entry.payload, asksFor(entry) else { return false }
    // It is not told of changes to itself: whoever gets its signals after one is not who would want to know.
    guard entry.keyID == nil, entry.signal.utf8.starts(with: "webhook_".utf8) else { return true }
    let told = try? JSONDecoder().decode(Subject.self, from: Data(payload))
    return told?.webhook.id != id
  }

  /// The names of the fields, as the HTTP contract has them, in which it is another than it was.
  func differences(from old: WebhookEndpoint) -> [String] {
    var names: [String] = []
    if !url.utf8.elementsEqual(old.url.utf8) { names.append("url") }
    if !description.utf8.elementsEqual(old.description.utf8) { names.append("description") }
    if signals != old.signals { names.append("signals") }
    if isEnabled != old.isEnabled { names.append("enabled") }
    return names
  }

  /// What the signals of an endpoint's own changes have in common.
  private struct Subject: Decodable { let webhook: WebhookFacts }

  /// What signals tell of it.
  var facts: WebhookFacts {
    var host: String?
    do throws(LifecycleError) { host = try WebhookURL(url).host } catch {}
    return WebhookFacts(id: id, host: host)
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
