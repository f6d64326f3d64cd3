import ArgumentParser
import CardeaLifecycle

/// `cardea keys suspend`.
struct KeysSuspendCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "suspend",
    abstract: "Stop a key, or every key that filters find, until it is reactivated.",
    discussion: """
      Running servers on the same store obey within cache.lease.

      Example:
        cardea keys suspend tok_ab12CD34
        cardea keys suspend --unused-since 180d --dry-run
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var trial: DryRunOption
  @OptionGroup var waiting: WaitOption
  @OptionGroup var selection: KeySelection
  @OptionGroup var confirmation: Confirmation

  func perform(_ session: Session) async throws {
    guard let name = selection.key else {
      return try await BulkRun(session: session, action: .suspend, trial: trial, waiting: waiting)
        .perform(selection.filter, confirmation)
    }
    let stored = try await KeyReference.find(name, in: session.kernel)
    let changed = try await session.kernel.suspendKey(stored.key.id, by: trial.actor)
    try await ChangeOutput(session, trial, waiting).key(changed, "suspended")
  }
}
