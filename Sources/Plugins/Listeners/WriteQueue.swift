/// Who waits for a line to be written, whose lines are being written, and how many were refused: what a ``GroupWriter``
/// keeps behind its lock.
struct WriteQueue: Sendable {
  private static let mostWaiting = 65_536

  /// Somebody who waits for a line.
  struct Waiting: Sendable {
    let line: [UInt8]
    /// Nanoseconds of the writer's clock.
    let since: UInt64
    /// Called without the lock, on the writer's queue or its timers'.
    let done: @Sendable (AuditWriteError?) -> Void

    /// Who came since the clock was read has not waited at all.
    func isOverdue(at now: UInt64, after limit: UInt64) -> Bool {
      now > since && now - since >= limit
    }
  }

  /// What goes out in one write.
  struct Group: Sendable {
    let lines: [[UInt8]]
    /// Refused attempts that it tells of.
    let refused: Int64
  }

  private var waiting: [Waiting] = []
  /// Those whose lines are being written, without those whose deadline has passed.
  private var written: [Waiting] = []
  /// Those whose lines are written: the deadline is nothing to them any more.
  private var settled: [Waiting] = []
  private var isRunning = false
  private var isWatched = false
  /// A write has been under way for longer than the deadline.
  private var isStuck = false
  /// The last write failed.
  private var isFailing = false
  private var isClosed = false
  /// Attempts that were refused and are in no line yet.
  private var refused: Int64 = 0

  // MARK: Coming

  /// Takes a line, or counts it as refused and says why.
  /// - Returns: whether the writer has to begin to run, and to watch.
  mutating func add(_ new: Waiting) throws(AuditWriteError) -> (runs: Bool, watches: Bool) {
    if let refusal {
      refused += 1
      throw refusal
    }
    waiting.append(new)
    defer {
      isRunning = true
      isWatched = true
    }
    return (!isRunning, !isWatched)
  }

  /// Why a line would be refused now.
  private var refusal: AuditWriteError? {
    if isClosed { return .closed }
    if isStuck { return .timedOut }
    return waiting.count >= WriteQueue.mostWaiting ? .full : nil
  }

  /// Whether a line would be taken and, as far as is known, written.
  /// - Returns: that, and whether the writer has to begin to run, to find out.
  mutating func canWrite() -> (isWell: Bool, tries: Bool) {
    if refusal != nil { return (false, false) }
    guard isFailing else { return (true, false) }
    defer { isRunning = true }
    return (false, !isRunning)
  }

  /// Takes no more.
  mutating func close() { isClosed = true }

  // MARK: Going

  /// All that waits, to be written now; `nil` once nothing is left to write, which ends the run.
  /// - Parameter hasFailed: whether this run's last write failed: then a count alone is not tried once more.
  mutating func takeGroup(hasFailed: Bool) -> Group? {
    if waiting.isEmpty, refused == 0 || hasFailed {
      isRunning = false
      return nil
    }
    written = waiting
    waiting = []
    defer { refused = 0 }
    return Group(lines: written.map(\.line), refused: refused)
  }

  /// A group is written: whether all whose lines it holds wait for it still. If not, it becomes what is to be written in
  /// its place, with those who were refused meanwhile as a count.
  mutating func settle(_ group: inout Group) -> Bool {
    let refused = group.lines.count - written.count
    guard refused == 0 else {
      group = Group(lines: written.map(\.line), refused: group.refused + Int64(refused))
      return false
    }
    (settled, written) = (written, [])
    return true
  }

  /// The group's write has returned.
  /// - Returns: those who still wait for it.
  mutating func end(_ group: Group, hasFailed: Bool) -> [Waiting] {
    if hasFailed { refused += Int64(group.lines.count) + group.refused }
    isStuck = false
    isFailing = hasFailed
    defer { (settled, written) = ([], []) }
    return settled + written
  }

  /// Those who have waited for as long as anybody may. Of those whose lines are being written nobody knows whether they
  /// will be: they are counted when it shows.
  /// - Returns: them, and whether there is anything left to watch.
  mutating func takeOverdue(
    at now: UInt64, after limit: UInt64
  ) -> (overdue: [Waiting], goesOn: Bool) {
    let isOver: (Waiting) -> Bool = { $0.isOverdue(at: now, after: limit) }
    let stuck = written.filter(isOver)
    if !stuck.isEmpty { isStuck = true }
    written.removeAll(where: isOver)
    let late = waiting.filter(isOver)
    waiting.removeAll(where: isOver)
    refused += Int64(late.count)
    isWatched = isRunning
    return (stuck + late, isRunning)
  }
}
