import ArgumentParser
import CardeaLifecycle
import CardeaServer

/// `cardea owners list`.
struct OwnersListCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List owners by kind and name.",
    discussion: """
      Example:
        cardea owners list --kind organization
      """)

  @OptionGroup var common: CommonOptions

  @Option(help: "user, system or organization.")
  var kind: OwnerRecord.Kind?

  @Option(help: "The owner of exactly this name.")
  var name: String?

  @Option(help: ArgumentHelp("Organizations that this user belongs to.", valueName: "name"))
  var member: String?

  @Option(help: ArgumentHelp("How many owners a page holds, 1 to 1000.", valueName: "count"))
  var limit: WholeNumber?

  @Option(help: ArgumentHelp("Where the page before said to go on.", valueName: "cursor"))
  var cursor: CursorArgument?

  func validate() throws {
    if let limit, !(1...1_000).contains(limit.value) {
      throw ValidationError("--limit must be between 1 and 1000")
    }
  }

  func perform(_ session: Session) async throws {
    var query = OwnerQuery(kind: kind, name: name, limit: limit?.value ?? 100)
    query.member = member
    query.after = cursor?.value
    let page = try await session.kernel.owners(query)
    guard !session.json else { return try session.print(PageResource(page)) }
    session.print(KeyOutput.owners(page.items))
    if let next = page.next { session.console.note("More: --cursor \(next.text)") }
  }
}
