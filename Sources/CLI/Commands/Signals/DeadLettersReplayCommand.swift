import ArgumentParser
import CardeaLifecycle

/// `cardea signals dead-letters replay`.
struct DeadLettersReplayCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Have dead letters delivered once more.",
    discussion: """
      They are marked in the store; the process that holds the subscription, as a rule the server, \
      delivers them within a second or two. One that fails again stays a dead letter.

      Example:
        cardea signals dead-letters replay --subscription mail --position 1234
      """)

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("Those of this subscription.", valueName: "name"))
  var subscription: String?

  @Option(help: ArgumentHelp("The one at this position of the log.", valueName: "position"))
  var position: WholeNumber?

  @Flag(help: "Every one there is.")
  var all = false

  func validate() throws {
    if let position, position.value < 1 {
      throw ValidationError("--position must be at least 1")
    }
    guard all != (subscription != nil || position != nil) else {
      throw ValidationError("say which: --subscription, --position or --all")
    }
  }

  func perform(_ session: Session) async throws {
    let count = try await session.kernel.replayDeadLetters(
      of: subscription, position: position.map { Int64($0.value) })
    guard !session.json else { return try session.print(["replayed": count]) }
    session.console.out(
      count == 1
        ? "1 dead letter will be delivered once more."
        : "\(count) dead letters will be delivered once more.")
  }
}
