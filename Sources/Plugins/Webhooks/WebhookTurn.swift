/// A place among the deliveries that may be under way at once. Whoever gets one sends at most one request and ends it:
/// what must be fresh, the claim and the signature, is made once the turn has come.
package struct WebhookTurn: Sendable {
  /// Sends a request and tells what came of it.
  package let send: @Sendable (WebhookRequest) async -> WebhookAnswer
  /// Gives the place back. Called once.
  package let end: @Sendable () -> Void

  package init(
    send: @escaping @Sendable (WebhookRequest) async -> WebhookAnswer,
    end: @escaping @Sendable () -> Void
  ) {
    self.send = send
    self.end = end
  }
}
