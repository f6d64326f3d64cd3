import ArgumentParser
import CardeaContracts
import CardeaWebhooks

/// `cardea webhooks replay`.
struct WebhooksReplayCommand: WebhookCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Have an endpoint's dead letters delivered once more.",
    discussion: """
      The server delivers them within a second or two. One that fails again stays a dead letter.

      Example:
        cardea webhooks replay 019a3f2e-8c1b-7d20-9f4a-2b6c8d0e1f35 --position 1234
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var webhook: WebhookReference

  @Option(
    help: ArgumentHelp(
      "The one at this position of the log; without, all of them.", valueName: "position"))
  var position: WholeNumber?

  func validate() throws {
    if let position, position.value < 1 {
      throw ValidationError("--position must be at least 1")
    }
  }

  func perform(_ session: Session, _ webhooks: Webhooks) async throws {
    let count = try await webhook.with { (id) throws(LifecycleError) in
      try await webhooks.replay(id, position: position.map { Int64($0.value) })
    }
    guard !session.json else { return try session.print(["replayed": count]) }
    session.console.out(
      count == 1
        ? "1 dead letter will be delivered once more."
        : "\(count) dead letters will be delivered once more.")
  }
}
