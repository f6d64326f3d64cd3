import ArgumentParser

/// The command line's root.
public struct CardeaCommand: AsyncParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "cardea",
    abstract: "API keys for any service: issue, verify, rotate and revoke them.",
    discussion: """
      First steps:
        cardea init                          make the store and the first admin key
        cardea serve                         answer on http://127.0.0.1:8420
        cardea keys create shop --scope orders:read

      Settings come from options, then the environment (CARDEA_SERVER_PORT), then ./cardea.yaml.
      Exit codes: 0 done, 1 refused, 2 usage or configuration, 3 store unreachable.
      """,
    version: CardeaVersion.text,
    subcommands: [
      InitCommand.self, ServeCommand.self, KeysCommand.self, OwnersCommand.self,
      AuditCommand.self, ImportCommand.self, ScanCommand.self, SignalsCommand.self,
      WebhooksCommand.self, BackupCommand.self, RestoreCommand.self, CheckCommand.self,
      DoctorCommand.self,
      PluginsCommand.self,
    ])

  public init() {}
}
