import ArgumentParser

/// `cardea webhooks …`.
struct WebhooksCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "webhooks",
    abstract: "See to webhooks: where signals are sent over HTTP.",
    discussion: """
      The server delivers them; what is changed here it obeys within a second.

      Example:
        cardea webhooks create https://example.com/hooks --signal key_revoked
        cardea webhooks list
      """,
    subcommands: [
      WebhooksCreateCommand.self, WebhooksListCommand.self, WebhooksShowCommand.self,
      WebhooksUpdateCommand.self, WebhooksDeleteCommand.self, WebhooksRotateSecretCommand.self,
      WebhooksTestCommand.self, WebhooksDeadLettersCommand.self, WebhooksReplayCommand.self,
    ])
}
