import ArgumentParser

/// `cardea keys …`.
struct KeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys",
    abstract: "Create, list, change, rotate, revoke and verify keys.",
    discussion: """
      A key is named by its id or by its prefix, the part of its token before the colon.

      Example:
        cardea keys create shop --owner alice --scope orders:read --expires-in 30d
        cardea keys revoke tok_ab12CD34
      """,
    subcommands: [
      KeysCreateCommand.self, KeysListCommand.self, KeysShowCommand.self, KeysUpdateCommand.self,
      KeysRotateCommand.self, KeysCompleteRotationCommand.self, KeysCancelRotationCommand.self,
      KeysRevokeCommand.self, KeysSuspendCommand.self, KeysReactivateCommand.self,
      KeysPurgeCommand.self, KeysVerifyCommand.self, KeysUsageCommand.self,
    ])
}
