import CardeaContracts
import CardeaServer

/// Dead letters as the command line shows them.
enum DeadLettersOutput {
  static func show(_ letters: [DeadLetter], _ session: Session) throws {
    guard !session.json else { return try session.print(DeadLettersResource(letters)) }
    var table = Table([
      "SUBSCRIPTION", "POSITION", "SIGNAL", "PREFIX", "FAILED", "ATTEMPTS", "REASON",
    ])
    for letter in letters {
      table.add([
        .init(letter.subscription, limit: 48), .init("\(letter.position)"), .init(letter.signal),
        .init(letter.prefix ?? "-"), .init(letter.failedAt.rfc3339), .init("\(letter.attempts)"),
        .init(letter.isReplayed ? "to be delivered once more" : letter.reason, limit: 60),
      ])
    }
    session.print(table)
  }
}
