import ArgumentParser
import CardeaKernel

/// `cardea keys revoke`.
struct KeysRevokeCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke",
    abstract: "End a key for ever.",
    discussion: """
      Running servers on the same store obey within cache.lease. Done twice, it says the same.

      Example:
        cardea keys revoke tok_ab12CD34 --yes
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var key: KeyReference
  @OptionGroup var confirmation: Confirmation

  func perform(_ session: Session) async throws {
    let stored = try await key.find(in: session.kernel)
    try confirmation.ask(
      "Revoke \(stored.key.prefix) (\(stored.key.name)) for ever?", session.console)
    let changed = try await session.kernel.revokeKey(stored.key.id, by: .commandLine)
    try ChangeOutput(session).key(changed, "revoked")
  }
}
