import ArgumentParser
import CardeaLifecycle

/// `cardea owners disable`.
struct OwnersDisableCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "disable",
    abstract: "Deny all of an owner's keys until it is enabled again.",
    discussion: """
      The keys themselves stay as they are. Running servers obey within cache.lease.

      Example:
        cardea owners disable alice
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var trial: DryRunOption
  @OptionGroup var waiting: WaitOption
  @OptionGroup var owner: OwnerOptions

  func perform(_ session: Session) async throws {
    let found = try await owner.find(in: session.kernel)
    let changed = try await session.kernel.disableOwner(found.id, by: trial.actor)
    try await ChangeOutput(session, trial, waiting).owner(changed, "disabled")
  }
}
