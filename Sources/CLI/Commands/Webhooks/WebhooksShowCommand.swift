import ArgumentParser
import CardeaContracts
import CardeaServer
import CardeaWebhooks

/// `cardea webhooks show`.
struct WebhooksShowCommand: WebhookCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show one endpoint, and how deliveries to it go.",
    discussion: """
      Example:
        cardea webhooks show 019a3f2e-8c1b-7d20-9f4a-2b6c8d0e1f35
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var webhook: WebhookReference

  func perform(_ session: Session, _ webhooks: Webhooks) async throws {
    let status = try await webhook.with { (id) throws(LifecycleError) in
      try await webhooks.show(id)
    }
    guard !session.json else { return try session.print(WebhookResource(status, at: session.now)) }
    WebhookOutput(session: session).table([status])
  }
}
