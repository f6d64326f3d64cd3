import ArgumentParser
import CardeaLifecycle

/// `cardea keys reactivate`.
struct KeysReactivateCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "reactivate",
    abstract: "Let a suspended key, or every suspended key that filters find, work again.",
    discussion: """
      A revoked key stays revoked.

      Example:
        cardea keys reactivate tok_ab12CD34
        cardea keys reactivate --owner alice --dry-run
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var trial: DryRunOption
  @OptionGroup var waiting: WaitOption
  @OptionGroup var selection: KeySelection
  @OptionGroup var confirmation: Confirmation

  func perform(_ session: Session) async throws {
    guard let name = selection.key else {
      return try await BulkRun(
        session: session, action: .reactivate, trial: trial, waiting: waiting
      )
      .perform(selection.filter, confirmation)
    }
    let stored = try await KeyReference.find(name, in: session.kernel)
    let changed = try await session.kernel.reactivateKey(stored.key.id, by: trial.actor)
    try await ChangeOutput(session, trial, waiting).key(changed, "reactivated")
  }
}
