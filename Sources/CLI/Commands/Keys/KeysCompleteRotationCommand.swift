import ArgumentParser
import CardeaLifecycle

/// `cardea keys complete-rotation`.
struct KeysCompleteRotationCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "complete-rotation",
    abstract: "End a rotation's overlap now: the old secret dies.",
    discussion: """
      Without an open rotation it is refused.

      Example:
        cardea keys complete-rotation tok_ab12CD34
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var trial: DryRunOption
  @OptionGroup var waiting: WaitOption
  @OptionGroup var key: KeyReference
  @OptionGroup var confirmation: Confirmation

  func perform(_ session: Session) async throws {
    let stored = try await key.find(in: session.kernel)
    if !trial.dryRun {
      try confirmation.ask(
        "End the overlap: the old secret of \(stored.key.prefix) (\(stored.key.name)) dies?",
        session.console)
    }
    let changed = try await session.kernel.completeRotation(stored.key.id, by: trial.actor)
    try await ChangeOutput(session, trial, waiting).key(changed, "has completed its rotation")
  }
}
