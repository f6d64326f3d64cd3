import CardeaLifecycle

extension ImportRun {
  /// Up to where the log is here already.
  func head(of log: any SourceLog) async throws -> AccessHead {
    guard storeExists || !isDry else { return .empty(log.node) }
    return try await kernel.importedLogHead(node: log.node)
  }

  /// Rows of the log that go to the store together.
  private struct LogBatch: Sendable {
    var drafts: [AccessDraft] = []
    /// The numbers of the last row before it, and of its own last row.
    let after: Int64
    var through: Int64
    /// Rows read up to its end.
    var rows: Int
  }

  /// Goes on after the last row that is here, so that each comes once.
  func importLog(
    _ log: any SourceLog, after head: AccessHead, _ report: inout ImportReport,
    _ progress: inout ImportProgress
  ) async throws {
    report.log = ImportReport.Log(alreadyHere: try log.count(through: head.sequence))
    let next = try log.rows(after: head.sequence)
    var last = LogBatch(after: head.sequence, through: head.sequence, rows: report.rows)
    let (kernel, isDry, node) = (kernel, isDry, log.node)
    try await Overlap.run {
      var batch = LogBatch(after: last.through, through: last.through, rows: last.rows)
      while batch.rows - last.rows < ImportRun.batch, let (number, item) = try next() {
        batch.through = number
        batch.rows += 1
        switch item {
        case .faulty(let row, let reason): report.refuseOfLog(row, reason)
        case .record(let row): batch.drafts.append(draft(row))
        }
      }
      if batch.rows == last.rows { return nil }
      last = batch
      return batch
    } write: { (batch: LogBatch) in
      if isDry { return }
      do throws(LifecycleError) {
        _ = try await kernel.importLog(
          batch.drafts, node: node, after: batch.after, through: batch.through)
      } catch .conflict {
        throw CommandFailure.refused(
          "conflict", "another import of the same log went on at the same moment",
          remedy: "Run the import again: what is done stays done.")
      }
    } settle: { batch, _ in
      report.log?.imported += batch.drafts.count
      for draft in batch.drafts where draft.action == TokenRotated.name {
        if let prefix = draft.prefix { noteRotation(prefix, prefix, &report) }
      }
      progress.show(batch.rows)
    }
  }

  private func draft(_ row: SourceLogRow) -> AccessDraft {
    AccessDraft(
      action: row.action, at: row.at, reason: row.reason, status: row.status,
      keyID: row.key.map { id("key \($0.seed)", at: $0.createdAt) }, prefix: row.prefix,
      payload: row.payload.json)
  }
}
