import ArgumentParser
import CardeaLifecycle
import CardeaServer
import CardeaWebhooks

/// `cardea webhooks dead-letters`.
struct WebhooksDeadLettersCommand: WebhookCommand {
  static let configuration = CommandConfiguration(
    commandName: "dead-letters",
    abstract: "List the signals that an endpoint did not take in time.",
    discussion: """
      Example:
        cardea webhooks dead-letters 019a3f2e-8c1b-7d20-9f4a-2b6c8d0e1f35
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var webhook: WebhookReference

  func perform(_ session: Session, _ webhooks: Webhooks) async throws {
    let letters = try await webhook.with { (id) throws(LifecycleError) in
      var letters: [DeadLetter] = []
      var after: Int64? = 0
      while let position = after {
        let page = try await webhooks.deadLetters(id, after: position, limit: 1_000)
        letters += page
        after = page.count == 1_000 ? page.last?.position : nil
      }
      return letters
    }
    try DeadLettersOutput.show(letters, session)
  }
}
