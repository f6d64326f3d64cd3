import CardeaLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How things stand with every endpoint, as the store has it.
struct WebhookSurvey: Sendable {
  let statuses: [WebhookStatus]
  /// Endpoints whose record, or that of whose deliveries, can't be read. Nothing is sent to them.
  let unreadable: [UUID]
  /// Endpoints that are gone, of which a delivery that was under way has left something.
  let orphans: [UUID]

  init(_ store: any PluginRecordStore) async throws(StoreError) {
    // Endpoints last: what of the others has none then was there before it went.
    let states = try await store.pluginRecords(WebhookState.collection)
    let subscriptions = try await store.subscriptions()
    let head = try await store.logHead().position
    let records = try await store.pluginRecords(WebhookEndpoint.collection)
    var statuses: [WebhookStatus] = []
    var unreadable: [UUID] = []
    for record in records {
      do throws(StoreError) {
        let endpoint = try WebhookEndpoint(record)
        let name = endpoint.subscription
        let subscription = subscriptions.first { $0.name.utf8.elementsEqual(name.utf8) }
        let state = try states.first { $0.id == endpoint.id }.map { (state) throws(StoreError) in
          try WebhookState(state)
        }
        statuses.append(
          WebhookStatus(
            endpoint: endpoint, delivery: state ?? WebhookState(),
            waiting: max(0, head - (subscription?.position ?? endpoint.start)),
            deadLetters: subscription?.deadLetters ?? 0))
      } catch {
        // One that can't be read is no reason to stop the others.
        unreadable.append(record.id)
      }
    }
    self.statuses = statuses
    self.unreadable = unreadable
    let ids = Set(records.map(\.id))
    let named = subscriptions.compactMap { WebhookSurvey.id($0.name) }
    orphans = Set(states.map(\.id) + named).filter { !ids.contains($0) }.sorted {
      $0.text < $1.text
    }
  }

  /// What is wrong, without saying with which endpoint. Of one that is disabled nothing is expected.
  func warnings(at now: Timestamp) -> [WebhookWarning] {
    let enabled = statuses.filter(\.endpoint.isEnabled)
    var warnings: [WebhookWarning] = []
    if enabled.contains(where: { $0.delivery.circuit(at: now) != .closed }) {
      warnings.append(.failing)
    }
    if enabled.contains(where: { $0.waiting > SubscriptionFigures.manyWaiting }) {
      warnings.append(.behind)
    }
    if !unreadable.isEmpty { warnings.append(.unreadable) }
    return warnings
  }

  /// The endpoint that a durable subscription serves.
  private static func id(_ subscription: String) -> UUID? {
    let prefix = "webhook."
    guard subscription.utf8.starts(with: prefix.utf8) else { return nil }
    return UUID(uuidString: String(subscription.dropFirst(prefix.count)))
  }
}
