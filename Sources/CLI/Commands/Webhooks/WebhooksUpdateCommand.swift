import ArgumentParser
import CardeaContracts
import CardeaWebhooks

/// `cardea webhooks update`.
struct WebhooksUpdateCommand: WebhookCommand {
  static let configuration = CommandConfiguration(
    commandName: "update",
    abstract: "Change where an endpoint is and what it gets; disable or enable it.",
    discussion: """
      One that is disabled keeps its place: enabled again, it gets what it has missed.

      Example:
        cardea webhooks update 019a3f2e-8c1b-7d20-9f4a-2b6c8d0e1f35 --disable
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var webhook: WebhookReference

  @Option(help: ArgumentHelp("The URL.", valueName: "url"))
  var url: String?

  @Option(help: ArgumentHelp("What it is for.", valueName: "text"))
  var description: String?

  @Option(
    name: .customLong("signal"),
    help: ArgumentHelp("Send it this signal, and others only if named too.", valueName: "name"))
  var signals: [String] = []

  @Flag(help: "Send it every signal.")
  var allSignals = false

  @Flag(help: "Send it nothing until it is enabled.")
  var disable = false

  @Flag(help: "Send it signals again.")
  var enable = false

  func validate() throws {
    guard !(enable && disable) else { throw ValidationError("say --enable or --disable") }
    guard !allSignals || signals.isEmpty else {
      throw ValidationError("say --signal or --all-signals")
    }
    guard url != nil || description != nil || !signals.isEmpty || allSignals || enable || disable
    else { throw ValidationError("there is nothing to change") }
  }

  func perform(_ session: Session, _ webhooks: Webhooks) async throws {
    var edit = WebhookEdit()
    edit.url = url
    edit.description = description
    edit.signals = allSignals ? [] : signals.isEmpty ? nil : signals
    edit.isEnabled = enable ? true : disable ? false : nil
    let status = try await webhook.with { [edit] (id) throws(LifecycleError) in
      try await webhooks.update(id, edit, by: .commandLine)
    }
    try WebhookOutput(session: session).changed(status, "changed")
  }
}
