import ArgumentParser
import CardeaContracts
import CardeaServer

/// `cardea keys list`.
struct KeysListCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List keys, newest first unless sorted. Never shows a token or a hash.",
    discussion: """
      Every filter that is given must hold. A minus before the name of an order turns it round; keys that never expire
      come last in both directions.

      Example:
        cardea keys list --state active --expires-before 2027-01-01T00:00:00Z
        cardea keys list --metadata team=ops --unused-since 90d
        cardea keys list --sort expires --state active
      """)

  @OptionGroup var common: CommonOptions

  @OptionGroup var filter: KeyFilter

  @Option(help: ArgumentHelp("How many keys a page holds, 1 to 1000.", valueName: "count"))
  var limit: WholeNumber?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "created, -created (newest first), name, -name, expires or -expires.", valueName: "order"))
  var sort: KeySort = .newest

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Where the page before said to go on.", valueName: "cursor"))
  var cursor: KeyCursorArgument?

  func validate() throws {
    if let limit, !(1...1_000).contains(limit.value) {
      throw ValidationError("--limit must be between 1 and 1000")
    }
  }

  func perform(_ session: Session) async throws {
    guard var query = try await filter.query(session) else {
      // As over HTTP: an unknown owner has no keys.
      let none = Page<StoredKey>(items: [], next: nil)
      if session.json { return try session.print(PageResource(none, at: session.now)) }
      session.print(KeyOutput.table([], at: session.now))
      return session.console.note(
        "No \(filter.ownerKind.rawValue) has this name: cardea owners list")
    }
    query.limit = limit?.value ?? 100
    query.sort = sort
    query.after = cursor?.value
    let page = try await session.kernel.keys(query)
    guard !session.json else {
      return try session.print(
        PageResource(page, in: sort, at: session.now))
    }
    session.print(KeyOutput.table(page.items, at: session.now))
    if let next = page.cursor(in: sort) {
      let order = sort == .newest ? "" : "--sort \(sort.rawValue) "
      session.console.note("More: \(order)--cursor \(next.text)")
    }
  }
}
