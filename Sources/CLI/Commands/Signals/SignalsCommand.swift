import ArgumentParser

/// `cardea signals …`.
struct SignalsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "signals",
    abstract: "See to the delivery of signals.",
    discussion: """
      Example:
        cardea signals dead-letters list
      """,
    subcommands: [DeadLettersCommand.self])
}
