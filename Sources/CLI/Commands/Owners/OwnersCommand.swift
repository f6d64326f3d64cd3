import ArgumentParser

/// `cardea owners …`.
struct OwnersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "owners",
    abstract: "Create, list, change, disable and enable the owners of keys.",
    discussion: """
      An owner is named by its name and kind (user unless given), or by its id.

      Example:
        cardea owners create alice --max-keys 5
        cardea owners disable alice
      """,
    subcommands: [
      OwnersCreateCommand.self, OwnersListCommand.self, OwnersShowCommand.self,
      OwnersUpdateCommand.self, OwnersDisableCommand.self, OwnersEnableCommand.self,
    ])
}
