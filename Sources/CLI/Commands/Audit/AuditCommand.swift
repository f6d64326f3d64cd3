import ArgumentParser

/// `cardea audit …`.
struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "List, follow, export, prune and verify what was done and who was let in.",
    discussion: """
      There are two logs: lifecycle changes, and authentications, which show a second or so after \
      they happened. Listings show both by time.

      Example:
        cardea audit list --owner alice --since 2026-11-01T00:00:00Z
        cardea audit verify
      """,
    subcommands: [
      AuditListCommand.self, AuditTailCommand.self, AuditExportCommand.self,
      AuditPruneCommand.self, AuditVerifyCommand.self, AuditInitKeyCommand.self,
    ])
}
