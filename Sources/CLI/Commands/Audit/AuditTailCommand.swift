import ArgumentParser
import CardeaLifecycle

/// `cardea audit tail`.
struct AuditTailCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "tail",
    abstract: "Show the last changes and authentications, and go on as they come.",
    discussion: """
      One line per entry, with --json a JSON object. Ctrl-C ends it. Authentications show a second or \
      so after they happened, those of several nodes in the order in which they arrived.

      Example:
        cardea audit tail --action authentication_failed
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var filter: AuditFilterOptions

  @Option(
    help: ArgumentHelp("How many earlier entries to begin with, 0 to 1000.", valueName: "count"))
  var lines: WholeNumber?

  @Flag(help: "End after the entries that are there, instead of waiting for more.")
  var noFollow = false

  func validate() throws {
    if let lines, !(0...1_000).contains(lines.value) {
      throw ValidationError("--lines must be between 0 and 1000")
    }
  }

  func perform(_ session: Session) async throws {
    let count = lines?.value ?? 10
    // What comes from here on is found by going forward from the newest entries of both logs.
    let newest = try await session.kernel.auditEnd()
    if count > 0 {
      var last = filter.query(limit: count)
      last.cursor = newest.included
      let page = try await session.kernel.audit(last)
      for item in page.items.reversed() { try show(item, session) }
    }
    var query = filter.query(limit: 1_000)
    query.newestFirst = false
    query.cursor = newest
    while !noFollow, session.console.outputFailure == nil {
      let page = try await session.kernel.audit(query)
      for item in page.items { try show(item, session) }
      query.cursor = page.end
      if page.next == nil { try await Task.sleep(for: .seconds(1)) }
    }
  }

  private func show(_ item: AuditItem, _ session: Session) throws {
    guard !session.json else { return session.console.out(try AuditOutput.line(item)) }
    session.console.out(Table.line(AuditOutput.cells(item), colour: session.colour))
  }
}
