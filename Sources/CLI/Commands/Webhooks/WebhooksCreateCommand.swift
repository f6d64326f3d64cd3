import ArgumentParser
import CardeaContracts
import CardeaWebhooks

/// `cardea webhooks create`.
struct WebhooksCreateCommand: WebhookCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Make an endpoint and print its signing secret, once.",
    discussion: """
      It gets what happens from now on.

      Example:
        cardea webhooks create https://example.com/hooks --signal key_created --signal key_revoked
      """)

  @OptionGroup var common: CommonOptions

  @Argument(help: "The URL: https, or http to an address that webhooks.allow names.")
  var url: String

  @Option(help: ArgumentHelp("What it is for.", valueName: "text"))
  var description = ""

  @Option(
    name: .customLong("signal"),
    help: ArgumentHelp(
      "Send it this signal. Again for another; without, every one.", valueName: "name"))
  var signals: [String] = []

  @Flag(help: "Make it, and send nothing yet.")
  var disabled = false

  func perform(_ session: Session, _ webhooks: Webhooks) async throws {
    var new = NewWebhook(url: url)
    new.description = description
    new.signals = signals
    new.isEnabled = !disabled
    try WebhookOutput(session: session).issued(
      try await webhooks.create(new, by: .commandLine), "made")
  }
}
