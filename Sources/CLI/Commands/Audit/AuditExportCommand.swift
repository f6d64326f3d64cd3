import ArgumentParser
import CardeaLifecycle

/// `cardea audit export`.
struct AuditExportCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write changes and authentications as JSON lines, oldest first.",
    discussion: """
      One JSON object per line on stdout, with the fields of GET /v1/audit. Whatever a client sent stays \
      on its line, and does nothing to a terminal.

      Example:
        cardea audit export --since 2026-11-01T00:00:00Z > november.jsonl
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var filter: AuditFilterOptions

  func perform(_ session: Session) async throws {
    var query = filter.query(limit: 1_000)
    query.newestFirst = false
    var progress = Progress(session.console, "exported")
    repeat {
      let page = try await session.kernel.audit(query)
      for item in page.items { session.console.out(try AuditOutput.line(item)) }
      progress.add(page.items.count)
      query.cursor = page.next
      // A reader that takes no more is not read for.
    } while query.cursor != nil && session.console.outputFailure == nil
    progress.finish()
  }
}
