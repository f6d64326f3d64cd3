import ArgumentParser
import CardeaContracts
import CardeaWebhooks

/// `cardea webhooks rotate-secret`.
struct WebhooksRotateSecretCommand: WebhookCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate-secret",
    abstract: "Give an endpoint a new signing secret and print it, once.",
    discussion: """
      During the overlap deliveries carry two signatures, so that the receiver can take the new secret \
      over in its own time.

      Example:
        cardea webhooks rotate-secret 019a3f2e-8c1b-7d20-9f4a-2b6c8d0e1f35 --overlap 24h
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var webhook: WebhookReference

  @Option(
    help: ArgumentHelp(
      "How long the old secret signs too, at most 7d; 0s unless given.", valueName: "duration"))
  var overlap: DurationArgument?

  func perform(_ session: Session, _ webhooks: Webhooks) async throws {
    let issued = try await webhook.with { (id) throws(LifecycleError) in
      guard let overlap = (overlap?.value ?? .finite(.zero)).duration else {
        throw .invalid(field: "overlap", reason: "must be from 0s to 7d")
      }
      return try await webhooks.rotateSecret(id, overlap: overlap, by: .commandLine)
    }
    try WebhookOutput(session: session).issued(issued, "given a new secret")
  }
}
