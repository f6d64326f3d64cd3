import CardeaKernel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The one connection that changes keys, owners and the signal log, with group commit.
///
/// What arrives while a transaction is under way is gathered and written as the next one, so that all share its sync
/// and its turn at the log. A refusal takes back only its own change, which is made inside a savepoint.
///
/// Locks are taken in one order by every node, so that no two wait for each other: owners by id, keys by prefix, the
/// access log's head, and last the signal log's head, which gives the position. Whoever has that one commits next, so
/// positions become visible in their order.
///
/// Threading: ``commit(_:)`` and ``run(_:)`` from any task; a caller that is cancelled does not cancel its write.
final class Writer: Sendable {
  /// Of one transaction: the wait for its rows' locks stays short for other nodes.
  private static let largestGroup = 256

  private let link: Link
  private let limit: Duration
  private let partitions: LogPartitions
  private let waiting = Locked(Waiting())

  private struct Waiting: Sendable {
    var jobs: ArraySlice<Job> = []
    var isRunning = false
    var isClosed = false
    /// Told when nothing runs any more.
    var idle: [CheckedContinuation<Void, Never>] = []
  }

  private struct Job: Sendable {
    let work: Work
    let answer: @Sendable (Outcome) -> Void
  }

  private enum Work: Sendable {
    case change(StoreChange)
    /// Of cursors and plugins' records; what it gives is the outcome.
    case rows(@Sendable (Transaction) async throws(StoreError) -> Int64)

    /// Whether it has to see what is in the log already, so that nothing of its group may come before it.
    var comesFirst: Bool {
      if case .change(let change) = self {
        change.erasesLogOf != nil || change.isRehearsal
      } else {
        false
      }
    }
  }

  private typealias Outcome = Result<Int64, StoreError>

  init(_ link: Link, within limit: Duration, partitions: LogPartitions) {
    self.link = link
    self.limit = limit
    self.partitions = partitions
  }

  /// Commits `change`; the log's position after it.
  func commit(_ change: StoreChange) async throws(StoreError) -> Int64 {
    try await submit(.change(change)).get()
  }

  /// Runs what changes cursors, dead letters or records.
  func run(
    _ body: @escaping @Sendable (Transaction) async throws(StoreError) -> Int64
  ) async throws(StoreError) -> Int64 {
    try await submit(.rows(body)).get()
  }

  /// Commits many changes one after the other; the outcome of each.
  func commit(_ changes: [StoreChange]) async -> [Result<Int64, StoreError>] {
    if changes.isEmpty { return [] }
    return await withCheckedContinuation { continuation in
      let outcomes = Locked<[Outcome]>([])
      // Jobs of one caller are answered in their order.
      submit(
        changes.map { change in
          Job(work: .change(change)) { outcome in
            let all = outcomes.withLock { outcomes -> [Outcome] in
              outcomes.append(outcome)
              return outcomes
            }
            if all.count == changes.count { continuation.resume(returning: all) }
          }
        })
    }
  }

  /// Takes no more work and returns when what waits is done.
  func close() async {
    await withCheckedContinuation { continuation in
      let isIdle = waiting.withLock { waiting -> Bool in
        waiting.isClosed = true
        if waiting.isRunning { waiting.idle.append(continuation) }
        return !waiting.isRunning
      }
      if isIdle { continuation.resume() }
    }
  }

  private func submit(_ work: Work) async -> Outcome {
    await withCheckedContinuation { continuation in
      submit([Job(work: work) { continuation.resume(returning: $0) }])
    }
  }

  private func submit(_ jobs: [Job]) {
    let state = waiting.withLock { waiting -> (isClosed: Bool, starts: Bool) in
      if waiting.isClosed { return (true, false) }
      waiting.jobs += jobs
      defer { waiting.isRunning = true }
      return (false, !waiting.isRunning)
    }
    if state.isClosed { for job in jobs { job.answer(.failure(.closed)) } }
    if state.starts { Task { await run() } }
  }

  /// Writes group after group until nothing waits.
  private func run() async {
    while true {
      let group = nextGroup()
      if group.isEmpty { break }
      let outcomes = await write(group.map(\.work))
      for (job, outcome) in zip(group, outcomes) { job.answer(outcome) }
    }
    let idle = waiting.withLock { waiting -> [CheckedContinuation<Void, Never>] in
      defer { waiting.idle = [] }
      return waiting.isRunning ? [] : waiting.idle
    }
    for continuation in idle { continuation.resume() }
  }

  /// The jobs of the next transaction, in the order in which they came.
  private func nextGroup() -> [Job] {
    waiting.withLock { waiting in
      var group: [Job] = []
      for job in waiting.jobs.prefix(Writer.largestGroup) {
        if job.work.comesFirst, !group.isEmpty { break }
        group.append(job)
      }
      waiting.jobs.removeFirst(group.count)
      waiting.isRunning = !group.isEmpty
      return group
    }
  }

  // MARK: One group

  /// How a transaction ended.
  private enum Ending {
    /// Committed; each job's own outcome.
    case committed([Outcome])
    /// Nothing was written, or it is unknown whether.
    case failed(StoreError)
    /// Nothing was written, since others stood in the way.
    case abandoned(StoreError)
  }

  /// One outcome per job.
  private func write(_ group: [Work]) async -> [Outcome] {
    switch await transaction(group) {
    case .committed(let outcomes): return outcomes
    case .failed(let error): return group.map { _ in .failure(error) }
    case .abandoned(let error):
      // Each by itself, which stands in nobody's way for long; one that is alone twice more.
      var outcomes: [Outcome] = []
      for work in group { outcomes.append(await writeAlone(work, error)) }
      return outcomes
    }
  }

  private func writeAlone(_ work: Work, _ error: StoreError) async -> Outcome {
    var error = error
    for _ in 0..<3 {
      switch await transaction([work]) {
      case .committed(let outcomes): return outcomes.first ?? .failure(error)
      case .failed(let failure): return .failure(failure)
      case .abandoned(let failure): error = failure
      }
    }
    return .failure(error)
  }

  private func transaction(_ group: [Work]) async -> Ending {
    let transaction: Transaction
    do throws(Failure) { transaction = Transaction(try link.connection(), within: limit) } catch {
      return .failed(StoreError(error))
    }
    do throws(StoreError) {
      let changes = group.compactMap { if case .change(let change) = $0 { change } else { nil } }
      try await transaction.run(Transaction.begin + LockOrder.statements(for: changes))
      var outcomes: [Outcome] = []
      for work in group { outcomes.append(try await write(work, transaction)) }
      try await end(group, &outcomes, transaction)
      return .committed(outcomes)
    } catch {
      let failure = transaction.failure
      await transaction.rollBack()
      return failure?.isTransient == true ? .abandoned(error) : .failed(error)
    }
  }

  /// Throws if the transaction itself can't go on; a job's own refusal is its outcome.
  private func write(_ work: Work, _ transaction: Transaction) async throws(StoreError) -> Outcome {
    try await transaction.run("SAVEPOINT job")
    var outcome: Outcome
    do throws(StoreError) {
      switch work {
      case .change(let change):
        try await ChangeWriter(transaction).apply(change)
        outcome = .success(0)
        if change.isRehearsal { try await transaction.run("ROLLBACK TO job") }
      case .rows(let body): outcome = .success(try await body(transaction))
      }
    } catch {
      if let failure = transaction.failure {
        guard case .refused = failure, !failure.isTransient, !failure.isOfServer else {
          throw error
        }
      }
      try await transaction.run("ROLLBACK TO job")
      outcome = .failure(error)
    }
    try await transaction.run("RELEASE job")
    return outcome
  }

  /// Takes the log's head, appends the entries of what was written, in order, and commits.
  private func end(
    _ group: [Work], _ outcomes: inout [Outcome], _ transaction: Transaction
  ) async throws(StoreError) {
    var changes: [(index: Int, change: StoreChange)] = []
    for (index, work) in group.enumerated() {
      if case .change(let change) = work, case .success = outcomes[index] {
        changes.append((index, change))
      }
    }
    if changes.isEmpty { return try await transaction.commit() }
    let isAppended = changes.contains { !$0.change.isRehearsal }
    var head = try LogHead.read(
      try await transaction.run(LogHead.select + (isAppended ? " FOR UPDATE" : "")))
    var entries: [LogEntry] = []
    for (index, change) in changes {
      if !change.isRehearsal {
        let new = change.entries(after: head)
        if let last = new.last { head = LogHead(position: last.position, hash: last.hash) }
        entries += new
      }
      outcomes[index] = .success(head.position)
    }
    if entries.isEmpty { return try await transaction.commit() }
    try await partitions.ensure(head.position)
    try await transaction.commit(after: LogRow.append(entries) + [Watch.notification])
  }
}
