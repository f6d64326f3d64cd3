import CardeaContracts
import CardeaWebhooks

/// A command about webhooks, on an open store.
protocol WebhookCommand: KernelCommand {
  func perform(_ session: Session, _ webhooks: Webhooks) async throws
}

extension WebhookCommand {
  func perform(_ session: Session) async throws {
    let options = session.settings.webhookOptions
    guard let webhooks = Webhooks(kernel: session.kernel, options: options) else {
      throw CommandFailure.refused("failed", "this store keeps no webhooks")
    }
    try await perform(session, webhooks)
  }
}
