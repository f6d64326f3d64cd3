import ArgumentParser
import CardeaLifecycle
import CardeaServer

/// `cardea audit prune`.
struct AuditPruneCommand: KernelCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Delete old authentications, and what old changes tell of people.",
    discussion: """
      Of the access log whole entries go; of the signal log the payloads, since caches follow its \
      positions. A checkpoint says first what goes, so that cardea audit verify goes on holding. In PostgreSQL \
      the payloads of a log that fills fast go by the whole partition, up to a tenth of the age later. The age \
      is audit.retention unless given.

      Example:
        cardea audit prune --older-than 365d --dry-run
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var confirmation: Confirmation

  @Option(help: ArgumentHelp("The age, such as 90d.", valueName: "duration"))
  var olderThan: DurationArgument?

  @Flag(help: "Only say what would go.")
  var dryRun = false

  func perform(_ session: Session) async throws {
    guard
      let age = olderThan.map({ $0.value.duration })
        ?? session.settings[SettingsTable.auditRetention]
    else {
      throw CommandFailure.usage(
        "how old entries may become is not said: audit.retention is never",
        remedy: "Give an age: --older-than 90d.", field: "older_than")
    }
    if !dryRun {
      try confirmation.ask(
        "Delete what is older than \(DurationText.finite(age)) from both logs for ever?",
        session.console)
    }
    let progress = Locked(Progress(session.console, "entries pruned"))
    let done = try await session.kernel.pruneAudit(olderThan: age, dryRun: dryRun) { done in
      progress.withLock { $0.update(Int(clamping: done.accessEntries + done.signalPayloads)) }
    }
    progress.withLock { $0.finish() }
    guard !session.json else {
      return try session.print(
        PruneResource(
          accessEntries: done.accessEntries, signalPayloads: done.signalPayloads, dryRun: dryRun))
    }
    session.console.out(
      "\(dryRun ? "Would prune" : "Pruned") \(done.accessEntries) entries of the access log and "
        + "the payloads of \(done.signalPayloads) entries of the signal log.")
  }

  private struct PruneResource: Encodable {
    let accessEntries: Int64
    let signalPayloads: Int64
    let dryRun: Bool

    enum CodingKeys: String, CodingKey {
      case accessEntries = "access_entries"
      case signalPayloads = "signal_payloads"
      case dryRun = "dry_run"
    }
  }
}
