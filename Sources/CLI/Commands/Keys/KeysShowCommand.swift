import ArgumentParser
import CardeaContracts
import CardeaServer

/// `cardea keys show`.
struct KeysShowCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show everything about a key but its token, which nobody has any more.",
    discussion: """
      Example:
        cardea keys show tok_ab12CD34 --json
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var key: KeyReference

  func perform(_ session: Session) async throws {
    let stored = try await key.find(in: session.kernel)
    guard !session.json else { return try session.print(KeyResource(stored, at: session.now)) }
    session.print(KeyOutput.details(stored, at: session.now))
  }
}
