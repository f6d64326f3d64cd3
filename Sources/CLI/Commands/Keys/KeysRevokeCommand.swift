import ArgumentParser
import CardeaLifecycle

/// `cardea keys revoke`.
struct KeysRevokeCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke",
    abstract: "End a key for ever, or every key that filters find.",
    discussion: """
      Running servers on the same store obey within cache.lease. Done twice, it says the same.

      Example:
        cardea keys revoke tok_ab12CD34 --yes
        cardea keys revoke --owner alice --unused-since 90d --dry-run
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var trial: DryRunOption
  @OptionGroup var waiting: WaitOption
  @OptionGroup var selection: KeySelection
  @OptionGroup var confirmation: Confirmation

  func perform(_ session: Session) async throws {
    guard let name = selection.key else {
      return try await BulkRun(session: session, action: .revoke, trial: trial, waiting: waiting)
        .perform(selection.filter, confirmation)
    }
    let stored = try await KeyReference.find(name, in: session.kernel)
    if !trial.dryRun {
      try confirmation.ask(
        "Revoke \(stored.key.prefix) (\(stored.key.name)) for ever?",
        session.console)
    }
    let changed = try await session.kernel.revokeKey(stored.key.id, by: trial.actor)
    try await ChangeOutput(session, trial, waiting).key(changed, "revoked")
  }
}
