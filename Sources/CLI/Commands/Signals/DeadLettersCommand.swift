import ArgumentParser

/// `cardea signals dead-letters …`.
struct DeadLettersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dead-letters",
    abstract: "List and replay the signals that a durable subscription gave up on.",
    discussion: """
      Example:
        cardea signals dead-letters list
        cardea signals dead-letters replay --subscription mail
      """,
    subcommands: [DeadLettersListCommand.self, DeadLettersReplayCommand.self])
}
