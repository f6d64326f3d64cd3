import ArgumentParser
import CardeaLifecycle

/// `cardea keys purge`.
struct KeysPurgeCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "purge",
    abstract: "End a key, or every key that filters find, for ever and erase its data.",
    discussion: """
      The secret, name, description, owner, scopes, class and metadata, and what the signal log says of \
      the key, are erased. A tombstone with id, prefix and dates stays, so the prefix is never used again.

      Example:
        cardea keys purge tok_ab12CD34 --yes
        cardea keys purge --state revoked --older-than 365d --dry-run
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var trial: DryRunOption
  @OptionGroup var waiting: WaitOption
  @OptionGroup var selection: KeySelection
  @OptionGroup var confirmation: Confirmation

  func perform(_ session: Session) async throws {
    guard let name = selection.key else {
      return try await BulkRun(session: session, action: .purge, trial: trial, waiting: waiting)
        .perform(selection.filter, confirmation)
    }
    let stored = try await KeyReference.find(name, in: session.kernel)
    if !trial.dryRun {
      try confirmation.ask(
        "Purge \(stored.key.prefix) (\(stored.key.name)): end it and erase its data for ever?",
        session.console)
    }
    let changed = try await session.kernel.purgeKey(stored.key.id, by: trial.actor)
    try await ChangeOutput(session, trial, waiting).key(changed, "purged")
  }
}
