import CardeaContracts

/// Deliveries of the type `webhook_test`, which try endpoints out: a few at a time, and of each endpoint a few a minute.
///
/// Threading: any thread.
final class WebhookTrials: Sendable {
  private let primitives: any Primitives
  private let clock: any KernelClock
  private let means: WebhookMeans
  /// Those under way end by then.
  private let timeout: Duration
  private let limit = WebhookTrialLimit()

  init(
    primitives: any Primitives, clock: any KernelClock, means: WebhookMeans, timeout: Duration
  ) {
    self.primitives = primitives
    self.clock = clock
    self.means = means
    self.timeout = timeout
  }

  /// Sends an endpoint a trial, once, whether it is enabled or not; on a thread that no other delivery waits for.
  func run(_ endpoint: WebhookEndpoint) async throws(LifecycleError) -> WebhookTrial {
    if let wait = limit.take(endpoint.id, at: clock.monotonic()) { return .limited(wait) }
    guard let turn = means.trialTurn() else { return .limited(timeout) }
    defer { turn.end() }
    let now = clock.now()
    let message = WebhookMessage(testAt: now, primitives)
    guard let request = message.request(to: endpoint, at: now, means) else {
      throw .failed("OpenSSL has no HMAC-SHA256")
    }
    return .answered(await turn.send(request))
  }
}
