import ArgumentParser
import CardeaKernel

/// `cardea keys purge`.
struct KeysPurgeCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "purge",
    abstract: "End a key for ever and erase its secret and personal data.",
    discussion: """
      Name, description, metadata and what the signal log says of the key are erased. A
      tombstone with id and prefix stays, so the prefix is never used again.

      Example:
        cardea keys purge tok_ab12CD34 --yes
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var key: KeyReference
  @OptionGroup var confirmation: Confirmation

  func perform(_ session: Session) async throws {
    let stored = try await key.find(in: session.kernel)
    try confirmation.ask(
      "Purge \(stored.key.prefix) (\(stored.key.name)): end it and erase its data for ever?",
      session.console)
    let changed = try await session.kernel.purgeKey(stored.key.id, by: .commandLine)
    try ChangeOutput(session).key(changed, "purged")
  }
}
