import ArgumentParser
import CardeaLifecycle
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
    let (id, what) = try await webhook.with { (id) throws(LifecycleError) in
      // One that can't be read can be deleted all the same.
      if try await webhooks.unreadable().contains(id) {
        return (id, "webhook, which can't be read")
      }
      let status = try await webhooks.show(id)
      let letters = status.deadLetters == 0 ? "" : " with \(status.deadLetters) dead letters"
      return (id, "webhook to \(status.endpoint.url)\(letters)")
    }
    try confirmation.ask("Remove the \(what)?", session.console)
    try await webhook.with { (id) throws(LifecycleError) in
      try await webhooks.delete(id, by: .commandLine)
    }
    guard !session.json else { return try session.print(["deleted": id.text]) }
    session.console.out("Webhook \(id.text) deleted.")
  }
}
