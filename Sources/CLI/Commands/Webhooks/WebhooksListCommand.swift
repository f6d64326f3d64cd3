import ArgumentParser
import CardeaServer
import CardeaWebhooks

/// `cardea webhooks list`.
struct WebhooksListCommand: WebhookCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the endpoints, and how deliveries to them go.",
    discussion: """
      Example:
        cardea webhooks list --json
      """)

  @OptionGroup var common: CommonOptions

  func perform(_ session: Session, _ webhooks: Webhooks) async throws {
    let all = try await webhooks.all()
    let unreadable = try await webhooks.unreadable()
    guard !session.json else {
      return try session.print(WebhooksResource(all, unreadable: unreadable, at: session.now))
    }
    WebhookOutput(session: session).table(all)
    for id in unreadable {
      session.console.note(
        "The record of the webhook \(id.text) can't be read: nothing is sent to it.")
    }
  }
}
