import ArgumentParser
import CardeaLifecycle
import CardeaServer

/// `cardea audit list`.
struct AuditListCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List changes and authentications, newest first.",
    discussion: """
      Every filter that is given must hold. A filter that only requests have, such as --path, leaves \
      changes out. COUNT is more than 1 where a flood of denied requests was counted in one entry.

      Example:
        cardea audit list --prefix tok_ab12CD34 --status 401
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var filter: AuditFilterOptions

  @Option(help: ArgumentHelp("How many entries a page holds, 1 to 1000.", valueName: "count"))
  var limit: WholeNumber?

  @Option(help: ArgumentHelp("Where the page before said to go on.", valueName: "cursor"))
  var cursor: AuditCursorArgument?

  func validate() throws {
    if let limit, !(1...1_000).contains(limit.value) {
      throw ValidationError("--limit must be between 1 and 1000")
    }
  }

  func perform(_ session: Session) async throws {
    var query = filter.query(limit: limit?.value ?? 100)
    query.cursor = cursor?.value
    let page = try await session.kernel.audit(query)
    guard !session.json else { return try session.print(PageResource(page)) }
    session.print(AuditOutput.table(page.items))
    if let next = page.next { session.console.note("More: --cursor \(next.text)") }
  }
}
