import ArgumentParser
import CardeaLifecycle
import CardeaServer

/// `cardea owners show`.
struct OwnersShowCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "Show one owner.",
    discussion: """
      Example:
        cardea owners show alice --json
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var owner: OwnerOptions

  func perform(_ session: Session) async throws {
    let found = try await owner.find(in: session.kernel)
    guard !session.json else { return try session.print(OwnerResource(found)) }
    session.print(KeyOutput.owner(found))
  }
}
