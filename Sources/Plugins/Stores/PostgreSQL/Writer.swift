import CardeaContracts

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

  private let transactions: Transactions
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
    /// - Parameter erased: the access log's last number of the key's that has no payload any more.
    case change(StoreChange, erased: Int64)
    /// Of cursors and plugins' records; what it gives is the outcome.
    case rows(@Sendable (Transaction) async throws(StoreError) -> Int64)

    var change: StoreChange? { if case .change(let change, _) = self { change } else { nil } }

    /// Whether it has a transaction to itself. What erases has to see what is in the log already, and takes its time.
    /// Rows' locks are in nobody's order: two transactions that each take those of several cursors may wait for each
    /// other.
    var standsAlone: Bool { change.map { $0.erasesLogOf != nil } ?? true }

    var isRehearsal: Bool { change?.isRehearsal ?? false }
  }

  private typealias Outcome = Result<Int64, StoreError>

  init(_ link: Link, within limit: Duration, partitions: LogPartitions) {
    transactions = Transactions(link, within: limit)
    self.partitions = partitions
  }

  /// Commits `change`; the log's position after it.
  /// - Parameter erased: up to which number the key's entries of the access log have lost their payloads already, if it
  ///   erases them.
  func commit(_ change: StoreChange, erased: Int64 = 0) async throws(StoreError) -> Int64 {
    try await submit(.change(change, erased: erased)).get()
  }

  /// Runs what changes cursors, dead letters or records.
  func run(
    _ body: @escaping @Sendable (Transaction) async throws(StoreError) -> Int64
  ) async throws(StoreError) -> Int64 {
    try await submit(.rows(body)).get()
  }

  /// Commits many changes one after the other; the outcome of each.
  func commit(
    _ changes: [(change: StoreChange, erased: Int64)]
  ) async -> [Result<Int64, StoreError>] {
    if changes.isEmpty { return [] }
    return await withCheckedContinuation { continuation in
      let outcomes = Locked<[Outcome]>([])
      // Jobs of one caller are answered in their order.
      submit(
        changes.map { change in
          Job(work: .change(change.change, erased: change.erased)) { outcome in
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
        if job.work.standsAlone, !group.isEmpty { break }
        group.append(job)
        if job.work.standsAlone { break }
      }
      waiting.jobs.removeFirst(group.count)
      waiting.isRunning = !group.isEmpty
      return group
    }
  }

  // MARK: One group

  /// One outcome per job.
  private func write(_ group: [Work]) async -> [Outcome] {
    do throws(StoreError) { try await partitions.prepare() } catch {
      return group.map { _ in .failure(error) }
    }
    do throws(Transactions.Aborted) {
      return try await transactions.attempt(Writer.locks(for: group)) {
        (transaction, _) async throws(StoreError) in try await write(group, transaction)
      }
    } catch {
      guard error.isTransient || !partitions.isKnown else {
        return group.map { _ in .failure(error.reason) }
      }
      // Each by itself, which stands in nobody's way for long.
      var outcomes: [Outcome] = []
      for work in group { outcomes.append(await writeAlone(work)) }
      return outcomes
    }
  }

  private func writeAlone(_ work: Work) async -> Outcome {
    do throws(StoreError) {
      try await partitions.prepare()
      return try await transactions.run(Writer.locks(for: [work])) {
        (transaction, _) async throws(StoreError) in
        let (outcomes, last) = try await write([work], transaction)
        return (outcomes[0], last)
      }
    } catch { return .failure(error) }
  }

  private static func locks(for group: [Work]) -> [Statement] {
    LockOrder.statements(for: group.compactMap(\.change))
  }

  /// Makes the changes of a group; with their outcomes what is to be written last.
  private func write(
    _ group: [Work], _ transaction: Transaction
  ) async throws(StoreError) -> (value: [Outcome], last: [Statement]) {
    var outcomes: [Outcome] = []
    if group.count == 1, !group[0].isRehearsal {
      // Alone, it is taken back with its transaction, and needs no savepoint.
      outcomes = [.success(try await perform(group[0], transaction))]
    } else {
      for work in group { outcomes.append(try await performInSavepoint(work, transaction)) }
    }
    let last = try await append(group, &outcomes, transaction)
    return (outcomes, last)
  }

  /// Throws if the transaction itself can't go on; a job's own refusal is its outcome.
  private func performInSavepoint(
    _ work: Work, _ transaction: Transaction
  ) async throws(StoreError) -> Outcome {
    // What manages the savepoint travels with the job's own statements and with the next job's.
    transaction.hold("SAVEPOINT job")
    var outcome: Outcome
    do throws(StoreError) {
      outcome = .success(try await perform(work, transaction))
      if work.isRehearsal { transaction.hold("ROLLBACK TO job") }
    } catch {
      if let failure = transaction.failure {
        guard case .refused = failure, !failure.isTransient, !failure.isOfServer else {
          throw error
        }
      }
      transaction.hold("ROLLBACK TO job")
      outcome = .failure(error)
    }
    transaction.hold("RELEASE job")
    return outcome
  }

  private func perform(_ work: Work, _ transaction: Transaction) async throws(StoreError) -> Int64 {
    switch work {
    case .change(let change, let erased):
      try await ChangeWriter(transaction).apply(change, erased: erased)
      return 0
    case .rows(let body): return try await body(transaction)
    }
  }

  /// Takes the log's head for the entries of what was written, in order, which are to be appended last.
  private func append(
    _ group: [Work], _ outcomes: inout [Outcome], _ transaction: Transaction
  ) async throws(StoreError) -> [Statement] {
    var changes: [(index: Int, change: StoreChange)] = []
    for (index, work) in group.enumerated() {
      if let change = work.change, case .success = outcomes[index] {
        changes.append((index, change))
      }
    }
    if changes.isEmpty { return [] }
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
    if entries.isEmpty { return [] }
    guard partitions.reach(head.position) else {
      throw .unavailable("the signal log has no partition for position \(head.position) yet")
    }
    return LogRow.append(entries) + [Watch.notification]
  }
}
