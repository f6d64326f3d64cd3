import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The endpoint of a lane as it is at this moment: it may be changed, disabled or closed while a delivery is under way.
///
/// Threading: any thread.
final class WebhookTarget: Sendable {
  /// What never changes.
  let id: UUID
  let subscription: String
  private let state: Locked<State>

  private struct State: Sendable {
    var endpoint: WebhookEndpoint
    var isClosed = false
  }

  init(_ endpoint: WebhookEndpoint) {
    id = endpoint.id
    subscription = endpoint.subscription
    state = Locked(State(endpoint: endpoint))
  }

  var endpoint: WebhookEndpoint { state.withLock { $0.endpoint } }

  /// Whether anything may be sent to it.
  var isOpen: Bool { state.withLock { !$0.isClosed && $0.endpoint.isEnabled } }

  func change(to endpoint: WebhookEndpoint) { state.withLock { $0.endpoint = endpoint } }

  /// For good.
  func close() { state.withLock { $0.isClosed = true } }
}
