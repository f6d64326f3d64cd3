import ArgumentParser
import CardeaKernel

/// `cardea keys reactivate`.
struct KeysReactivateCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "reactivate",
    abstract: "Let a suspended key work again.",
    discussion: """
      A revoked key stays revoked.

      Example:
        cardea keys reactivate tok_ab12CD34
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var key: KeyReference

  func perform(_ session: Session) async throws {
    let stored = try await key.find(in: session.kernel)

    let changed = try await session.kernel.reactivateKey(stored.key.id, by: .commandLine)
    try ChangeOutput(session).key(changed, "reactivated")
  }
}
