import CardeaContracts
import Dispatch

/// Writes lines in groups: what arrives while a write is under way goes out with the next one, and whoever
/// waits is told when the write with their line has returned.
///
/// No thread waits but the writer's own. Nobody waits longer than the deadline: a disk that hangs holds the
/// writer, while those who wait, and those who come then, are refused. What was refused is counted, and the
/// count is written with the next group that can be.
///
/// Threading: `write` from any thread; `body` is called on the writer's own queue, one group at a time.
final class GroupWriter: Sendable {
  /// Writes a group, all of it or nothing.
  ///
  /// Once it is written, `settle` says what is to stand there in its place, and is asked again once that is: whoever was
  /// refused while the disk took its time must not be found among those who were let in. With `nil` it stays.
  typealias Body =
    @Sendable (
      _ lines: [[UInt8]], _ settle: () -> [[UInt8]]?
    ) throws(AuditWriteError) -> Void

  private let deadline: UInt64
  private let now: @Sendable () -> UInt64
  private let body: Body
  private let refusals: @Sendable (Int64) -> [UInt8]
  private let lane = DispatchQueue(label: "cardea.audit.writer", qos: .userInitiated)
  private let timers = DispatchQueue(label: "cardea.audit.deadlines", qos: .userInitiated)
  private let queue = Locked(WriteQueue())

  /// - Parameters:
  ///   - deadline: the longest that anybody waits.
  ///   - now: nanoseconds of a clock that only goes forward.
  ///   - refusals: the line that tells of that many refused attempts.
  init(
    deadline: Duration,
    now: @escaping @Sendable () -> UInt64 = { DispatchTime.now().uptimeNanoseconds },
    refusals: @escaping @Sendable (Int64) -> [UInt8], body: @escaping Body
  ) {
    let (seconds, attoseconds) = deadline.components
    self.deadline = UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
    self.now = now
    self.refusals = refusals
    self.body = body
  }

  /// Calls `done` once the line is written, or with why it is not: on the writer's queue, or at once.
  func write(_ line: [UInt8], then done: @escaping @Sendable (AuditWriteError?) -> Void) {
    let waiting = WriteQueue.Waiting(line: line, since: now(), done: done)
    let start: (runs: Bool, watches: Bool)
    do throws(AuditWriteError) {
      start = try queue.withLock { (queue) throws(AuditWriteError) -> (runs: Bool, watches: Bool) in
        try queue.add(waiting)
      }
    } catch { return done(error) }
    if start.runs { lane.async { self.run() } }
    if start.watches { watch() }
  }

  /// Whether a line would be taken and, as far as is known, written. After a write that failed it is tried to write the
  /// count of what was refused: the next call tells what came of it.
  func canWrite() -> Bool {
    let (isWell, tries) = queue.withLock { $0.canWrite() }
    if tries { lane.async { self.run() } }
    return isWell
  }

  /// Writes what waits, and takes no more.
  /// - Parameter last: called after that, on the writer's queue.
  func close(_ last: @escaping @Sendable () -> Void = {}) async {
    queue.withLock { $0.close() }
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
      lane.async {
        self.run()
        last()
        done.resume()
      }
    }
  }

  /// Writes group after group until nothing waits.
  private func run() {
    var hasFailed = false
    while var group = queue.withLock({ $0.takeGroup(hasFailed: hasFailed) }) {
      var failure: AuditWriteError?
      do throws(AuditWriteError) {
        try body(lines(of: group)) {
          queue.withLock { $0.settle(&group) } ? nil : lines(of: group)
        }
      } catch { failure = error }
      hasFailed = failure != nil
      let done = queue.withLock { $0.end(group, hasFailed: hasFailed) }
      for waiting in done { waiting.done(failure) }
    }
  }

  private func lines(of group: WriteQueue.Group) -> [[UInt8]] {
    group.refused > 0 ? group.lines + [refusals(group.refused)] : group.lines
  }

  /// Looks from time to time, while there is anything to write, whether somebody has waited long enough.
  private func watch() {
    let step = max(deadline / 8, 1_000_000)
    timers.asyncAfter(deadline: .now() + .nanoseconds(Int(clamping: step))) {
      let now = self.now()
      let limit = self.deadline
      let found = self.queue.withLock { $0.takeOverdue(at: now, after: limit) }
      for waiting in found.overdue { waiting.done(.timedOut) }
      if found.goesOn { self.watch() }
    }
  }
}
