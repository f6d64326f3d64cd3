import ArgumentParser
import CardeaLifecycle

/// `cardea signals dead-letters list`.
struct DeadLettersListCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List the signals that durable subscriptions gave up on.",
    discussion: """
      Each is named by its subscription and its position in the signal log.

      Example:
        cardea signals dead-letters list --subscription mail
      """)

  @OptionGroup var common: CommonOptions

  @Option(help: ArgumentHelp("Those of this subscription.", valueName: "name"))
  var subscription: String?

  func perform(_ session: Session) async throws {
    var query = DeadLetterQuery(subscription: subscription, limit: 1_000)
    var letters: [DeadLetter] = []
    while true {
      let page = try await session.kernel.deadLetters(query)
      letters += page
      guard page.count == query.limit, let last = page.last else { break }
      query.after = .init(subscription: last.subscription, position: last.position)
    }
    try DeadLettersOutput.show(letters, session)
  }
}
