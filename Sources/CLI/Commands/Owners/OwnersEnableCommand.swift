import ArgumentParser
import CardeaLifecycle

/// `cardea owners enable`.
struct OwnersEnableCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "enable",
    abstract: "Let an owner's keys work again.",
    discussion: """
      Keys that were revoked or have expired stay so.

      Example:
        cardea owners enable alice
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var trial: DryRunOption
  @OptionGroup var waiting: WaitOption
  @OptionGroup var owner: OwnerOptions

  func perform(_ session: Session) async throws {
    let found = try await owner.find(in: session.kernel)
    let changed = try await session.kernel.enableOwner(found.id, by: trial.actor)
    try await ChangeOutput(session, trial, waiting).owner(changed, "enabled")
  }
}
