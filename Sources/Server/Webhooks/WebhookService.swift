import CardeaWebhooks
import ServiceLifecycle

/// Webhooks as a part of the server's life.
struct WebhookService: Service, CustomStringConvertible {
  let description = "webhooks"
  let webhooks: Webhooks

  /// Delivers until the server stops.
  func run() async throws {
    webhooks.start()
    try? await gracefulShutdown()
    await webhooks.stop()
  }
}
