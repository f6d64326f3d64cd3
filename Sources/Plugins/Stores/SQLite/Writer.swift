import CardeaContracts
import Dispatch
import GRDB
import GRDBSQLite

/// The one connection that writes, with group commit.
///
/// A commit costs a sync of the disk, some milliseconds. So what arrives while one is under way is
/// gathered and written as the next transaction, with one sync for all. A refusal takes back only its own
/// change: one that may have written something by then is made inside a savepoint. Nobody is answered
/// before that sync is done.
/// A change that comes alone waits for nobody.
///
/// Threading: `commit` and `record` from any task; a caller that is cancelled does not cancel its write.
/// All work is done on one serial queue.
final class Writer: Sendable {
  /// What a transaction is worth gathering: the sync is shared by then, and so are the pages that bulk changes
  /// touch; memory stays bounded, and so does the time that another process's change may have to wait.
  private static let largestGroup = 2_048
  /// Usage that one transaction takes: some milliseconds' work, for which a revocation may have to wait.
  private static let largestUsage = 500
  /// How long the checkpoint after a purge waits for readers before it is put off.
  private static let checkpointPatience: Int32 = 100

  private let database: DatabaseQueue
  private let file: FileIdentity
  private let lane = DispatchQueue(label: "cardea.store.sqlite.writer", qos: .userInitiated)
  private let waiting = Locked(Waiting())
  private let buckets = QuotaBuckets()
  /// As ``Connection`` opens it.
  private let isSyncing = Locked(true)

  private struct Waiting: Sendable {
    var jobs: [Job] = []
    var isRunning = false
    var isClosed = false
    /// A purge was committed whose old pages may still lie in the write-ahead log. At first this is unknown:
    /// a process that is gone may have left them.
    var owesErasure = true
  }

  private struct Job: Sendable {
    let work: Work
    let answer: @Sendable (Outcome) -> Void
  }

  private enum Work: Sendable {
    case change(StoreChange)
    case usage(ArraySlice<KeyUsage>)
    /// Of the cursors; what it gives is the outcome.
    case cursors(@Sendable (SubscriptionRows) throws(StoreError) -> Int64)
    case log(LogWork)
    case quota([QuotaDraw])

    /// Whether it is refused, if at all, before it has written anything: it only inserts, a key or an owner.
    var isInsert: Bool {
      guard case .change(let change) = self, !change.isRehearsal, change.idempotency == nil,
        change.rehash == nil, change.erasesLogOf == nil, change.record == nil
      else { return false }
      return switch (change.owner, change.key) {
      case (.insert?, nil), (nil, .insert?): true
      default: false
      }
    }

    /// Whether it may be lost on power loss.
    var isFleeting: Bool {
      if case .quota = self { return true }
      return false
    }

    /// Whether it may take some milliseconds, so that no two of the kind go into one transaction.
    var isBulky: Bool {
      if case .change = self { return false }
      return true
    }
  }

  /// Writes to the logs apart from any change.
  enum LogWork: Sendable {
    case append(AccessBatch)
    case pruneAccess(node: String, through: Int64, limit: Int)
    case pruneSignals(through: Int64, limit: Int)
    case checkpoint(@Sendable (Checkpoint?, CheckpointHeads) -> Checkpoint?)
  }

  /// What writing to the logs gave.
  enum LogResult: Sendable {
    case head(AccessHead)
    case count(Int)
    case checkpoint(Checkpoint?)
  }

  private enum Done: Sendable {
    case position(Int64)
    case log(LogResult)
    case quota(QuotaAnswer)

    /// Of a change; 0 of what has none.
    var position: Int64 {
      if case .position(let position) = self { position } else { 0 }
    }
  }

  private typealias Outcome = Result<Done, StoreError>

  init(_ database: DatabaseQueue, file: FileIdentity) {
    self.database = database
    self.file = file
  }

  /// Commits `change`; the log's position after it.
  func commit(_ change: StoreChange) async throws(StoreError) -> Int64 {
    try await submit(.change(change)).get().position
  }

  /// Writes to the logs.
  func write(_ work: LogWork) async throws(StoreError) -> LogResult {
    guard case .log(let result) = try await submit(.log(work)).get() else { return .count(0) }
    return result
  }

  /// Writes dates of last use. A part is submitted when the one before is written, so that changes which
  /// came meanwhile go first.
  func record(_ usage: [KeyUsage]) async throws(StoreError) {
    var rest = usage[...]
    while !rest.isEmpty {
      _ = try await submit(.usage(rest.prefix(Writer.largestUsage))).get()
      rest = rest.dropFirst(Writer.largestUsage)
    }
  }

  /// Runs what changes cursors or dead letters.
  func change(
    _ body: @escaping @Sendable (SubscriptionRows) throws(StoreError) -> Int64
  ) async throws(StoreError) -> Int64 {
    try await submit(.cursors(body)).get().position
  }

  /// Settles with the buckets of limits.
  func draw(_ draws: [QuotaDraw]) async throws(StoreError) -> QuotaAnswer {
    guard case .quota(let answer) = try await submit(.quota(draws)).get() else {
      return QuotaAnswer(now: .earliest, grants: [])
    }
    return answer
  }

  /// Takes no more work, finishes what waits, an erasure that is owed too, and closes the connection.
  func close() async {
    waiting.withLock { $0.isClosed = true }
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
      lane.async {
        self.eraseIfOwed()
        done.resume()
      }
    }
    // Closing fails only while a statement runs, and none does.
    try? database.close()
  }

  /// What ``SQLiteStore/limitPages(to:)`` asks for.
  func limitPages(to pages: Int) throws(StoreError) {
    try database.access { db throws(StoreError) in
      _ = try Query(db, "PRAGMA max_page_count = \(pages)", isKept: false).step()
    }
  }

  private func submit(_ work: Work) async -> Outcome {
    await withCheckedContinuation { continuation in
      submit([Job(work: work) { continuation.resume(returning: $0) }])
    }
  }

  /// Commits many changes one after the other; the outcome of each.
  func commit(_ changes: [StoreChange]) async -> [Result<Int64, StoreError>] {
    if changes.isEmpty { return [] }
    return await withCheckedContinuation { continuation in
      let outcomes = Locked<[Outcome?]>(Array(repeating: nil, count: changes.count))
      let missing = Locked(changes.count)
      submit(
        changes.enumerated().map { index, change in
          Job(work: .change(change)) { outcome in
            outcomes.withLock { $0[index] = outcome }
            let isLast = missing.withLock { missing in
              missing -= 1
              return missing == 0
            }
            if isLast {
              continuation.resume(
                returning: outcomes.withLock { $0 }.compactMap { $0?.map(\.position) })
            }
          }
        })
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
    if state.starts { lane.async { self.run() } }
  }

  /// Writes group after group until nothing waits.
  private func run() {
    while true {
      let group = nextGroup()
      if group.isEmpty { return }
      // Reentrant, since a host may call from inside an access to a database of its own.
      let outcomes = database.unsafeReentrantWrite { write(group.map(\.work), $0) }
      for (job, outcome) in zip(group, outcomes) { job.answer(outcome) }
      eraseIfOwed()
    }
  }

  /// The jobs of the next transaction, in the order in which they came; at most one of them is bulky.
  private func nextGroup() -> [Job] {
    waiting.withLock { waiting in
      var group: [Job] = []
      for job in waiting.jobs.prefix(Writer.largestGroup) {
        if job.work.isBulky, group.contains(where: \.work.isBulky) { break }
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
    /// Nothing was written.
    case failed(StoreError)
    /// SQLite gave the whole transaction up because of one job; nothing was written.
    case abandoned(StoreError)
  }

  /// One outcome per job.
  private func write(_ group: [Work], _ db: Database) -> [Outcome] {
    do {
      try file.verify()
    } catch {
      return group.map { _ in .failure(error) }
    }
    switch transaction(group, db) {
    case .committed(let outcomes):
      // Into a log that was deleted meanwhile, where nobody else would ever see it.
      do { try file.verify() } catch { return group.map { _ in .failure(error) } }
      return outcomes
    case .failed(let error):
      return group.map { _ in .failure(error) }
    case .abandoned(let error) where group.count == 1:
      return [.failure(error)]
    case .abandoned:
      // One job's failure took the others' transaction with it: each gets one of its own.
      return group.flatMap { write([$0], db) }
    }
  }

  private func transaction(_ group: [Work], _ db: Database) -> Ending {
    do {
      try setSyncing(!group.allSatisfy(\.isFleeting), db)
      try execute("BEGIN IMMEDIATE", db)
    } catch {
      return .failed(error)
    }
    do {
      var outcomes: [Outcome] = []
      for work in group {
        outcomes.append(
          try group.count > 1 && work.isInsert
            ? writeWithout(work, db) : writeInSavepoint(work, db))
        if !isInTransaction(db), case .failure(let error) = outcomes.last {
          return .abandoned(error)
        }
      }
      try execute("COMMIT", db)
      noteErasures(group, outcomes)
      return .committed(outcomes)
    } catch {
      // Whether a failed COMMIT reached the disk is unknown, and `.unavailable` promises nothing.
      if isInTransaction(db) { try? execute("ROLLBACK", db) }
      return .failed(error)
    }
  }

  /// Whether transactions are synced from here on. What is synced syncs all that was written before it.
  private func setSyncing(_ syncs: Bool, _ db: Database) throws(StoreError) {
    if isSyncing.withLock({ $0 == syncs }) { return }
    // Takes effect as it is prepared.
    try Query(db, "PRAGMA synchronous = \(syncs ? "FULL" : "NORMAL")", isKept: false).run()
    isSyncing.withLock { $0 = syncs }
  }

  /// Without a savepoint, which costs a copy of every page that the job changes. If it fails with something written,
  /// the whole transaction is rolled back, and then each job gets one of its own.
  private func writeWithout(_ work: Work, _ db: Database) throws(StoreError) -> Outcome {
    guard case .change(let change) = work else { return try writeInSavepoint(work, db) }
    let before = sqlite3_total_changes(db.sqliteConnection)
    do throws(StoreError) {
      return .success(.position(try ChangeWriter(db: db).apply(change)))
    } catch {
      if isInTransaction(db), sqlite3_total_changes(db.sqliteConnection) != before {
        try execute("ROLLBACK", db)
      }
      return .failure(error)
    }
  }

  /// Throws if the savepoint itself can't be managed; a job's own failure is its outcome.
  private func writeInSavepoint(_ work: Work, _ db: Database) throws(StoreError) -> Outcome {
    try execute("SAVEPOINT job", db)
    let writer = ChangeWriter(db: db)
    let outcome: Outcome
    do {
      switch work {
      case .change(let change):
        let position = try writer.apply(change)
        guard !change.isRehearsal else {
          try execute("ROLLBACK TO job", db)
          outcome = .success(.position(try LogHead.read(db).position))
          break
        }
        outcome = .success(.position(position))
      case .usage(let usage):
        try writer.apply(usage)
        outcome = .success(.position(0))
      case .cursors(let body):
        outcome = .success(.position(try body(SubscriptionRows(db: db))))
      case .log(let work): outcome = .success(.log(try AccessLogWriter(db: db).write(work)))
      case .quota(let draws): outcome = .success(.quota(try buckets.draw(draws, db)))
      }
    } catch {
      outcome = .failure(error)
      guard isInTransaction(db) else { return outcome }
      try execute("ROLLBACK TO job", db)
    }
    try execute("RELEASE job", db)
    return outcome
  }

  private func isInTransaction(_ db: Database) -> Bool { db.isInsideTransaction }

  private func execute(_ sql: String, _ db: Database) throws(StoreError) {
    try Query(db, sql).run()
  }

  // MARK: Erasure

  private func noteErasures(_ group: [Work], _ outcomes: [Outcome]) {
    let erases = zip(group, outcomes).contains { work, outcome in
      guard case .success = outcome else { return false }
      return switch work {
      case .change(let change): change.erasesLogOf != nil && !change.isRehearsal
      case .log(.pruneAccess), .log(.pruneSignals): true
      default: false
      }
    }
    if erases { waiting.withLock { $0.owesErasure = true } }
  }

  /// After a purge: copies the write-ahead log into the file, where `secure_delete` has overwritten what
  /// was erased, and empties it, so that no old page keeps it. If readers stand in the way, it is tried
  /// again after the next group, on closing, and when the file is opened next.
  func eraseIfOwed() {
    guard waiting.withLock({ $0.owesErasure }), (try? file.verify()) != nil else { return }
    database.unsafeReentrantWrite { erase($0) }
  }

  private func erase(_ db: Database) {
    sqlite3_busy_timeout(db.sqliteConnection, Writer.checkpointPatience)
    defer { sqlite3_busy_timeout(db.sqliteConnection, Connection.busyTimeout) }
    guard let result = try? Query(db, "PRAGMA wal_checkpoint(TRUNCATE)"),
      (try? result.step()) == true, result.int(0) == 0
    else { return }
    waiting.withLock { $0.owesErasure = false }
  }
}
