import ArgumentParser
import CardeaLifecycle

/// `cardea keys cancel-rotation`.
struct KeysCancelRotationCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel-rotation",
    abstract: "Undo a rotation within its overlap: the new secret dies.",
    discussion: """
      Without an open rotation it is refused.

      Example:
        cardea keys cancel-rotation tok_ab12CD34
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
        "Undo the rotation: the new secret of \(stored.key.prefix) (\(stored.key.name)) dies?",
        session.console)
    }
    let changed = try await session.kernel.cancelRotation(stored.key.id, by: trial.actor)
    try await ChangeOutput(session, trial, waiting).key(changed, "has cancelled its rotation")
  }
}
