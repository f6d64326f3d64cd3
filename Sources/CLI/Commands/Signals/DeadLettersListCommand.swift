import ArgumentParser
import CardeaKernel
import CardeaServer

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
    guard !session.json else { return try session.print(DeadLettersResource(letters)) }
    var table = Table([
      "SUBSCRIPTION", "POSITION", "SIGNAL", "PREFIX", "FAILED", "ATTEMPTS", "REASON",
    ])
    for letter in letters {
      table.add([
        .init(letter.subscription, limit: 40), .init("\(letter.position)"), .init(letter.signal),
        .init(letter.prefix ?? "-"), .init(letter.failedAt.rfc3339), .init("\(letter.attempts)"),
        .init(letter.isReplayed ? "to be delivered once more" : letter.reason, limit: 60),
      ])
    }
    session.print(table)
  }
}
