import ArgumentParser
import CardeaKernel

/// `cardea keys suspend`.
struct KeysSuspendCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "suspend",
    abstract: "Stop a key until it is reactivated.",
    discussion: """
      Running servers on the same store obey within cache.lease.

      Example:
        cardea keys suspend tok_ab12CD34
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var key: KeyReference

  func perform(_ session: Session) async throws {
    let stored = try await key.find(in: session.kernel)
    let changed = try await session.kernel.suspendKey(stored.key.id, by: .commandLine)
    try ChangeOutput(session).key(changed, "suspended")
  }
}
