import ArgumentParser
import CardeaKernel
import CardeaWebhooks

/// `cardea webhooks delete`.
struct WebhooksDeleteCommand: WebhookCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete",
    abstract: "Remove an endpoint with its secret and its dead letters.",
    discussion: """
      Example:
        cardea webhooks delete 019a3f2e-8c1b-7d20-9f4a-2b6c8d0e1f35
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var webhook: WebhookReference
  @OptionGroup var confirmation: Confirmation

  func perform(_ session: Session, _ webhooks: Webhooks) async throws {
    let status = try await webhook.with { (id) throws(LifecycleError) in
      try await webhooks.show(id)
    }
    let letters = status.deadLetters == 0 ? "" : " with \(status.deadLetters) dead letters"
    try confirmation.ask(
      "Remove the webhook to \(status.endpoint.url)\(letters)?", session.console)
    try await webhook.with { (id) throws(LifecycleError) in try await webhooks.delete(id) }
    guard !session.json else { return try session.print(["deleted": status.endpoint.id.text]) }
    session.console.out("Webhook \(status.endpoint.id.text) deleted.")
  }
}
