import CardeaKernel
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
  typealias Body = @Sendable (_ lines: [[UInt8]]) throws(SpoolError) -> Void

  private static let mostWaiting = 65_536

  private let deadline: UInt64
  private let now: @Sendable () -> UInt64
  private let body: Body
  private let refusals: @Sendable (Int64) -> [UInt8]
  private let lane = DispatchQueue(label: "cardea.audit.spool", qos: .userInitiated)
  private let timers = DispatchQueue(label: "cardea.audit.spool.deadlines", qos: .userInitiated)
  private let state = Locked(State())

  private struct Waiting: Sendable {
    let line: [UInt8]
    let since: UInt64
    /// Called on the writer's queue, or its timers'.
    let done: @Sendable (SpoolError?) -> Void
  }

  private struct State: Sendable {
    var waiting: [Waiting] = []
    /// Those whose lines are being written, without those whose deadline has passed.
    var written: [Waiting] = []
    var isRunning = false
    var isWatched = false
    /// A write has been under way for longer than the deadline.
    var isStuck = false
    /// The last write failed.
    var isFailing = false
    var isClosed = false
    /// Attempts that were refused and are in no line yet.
    var refused: Int64 = 0
  }

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
  func write(_ line: [UInt8], then done: @escaping @Sendable (SpoolError?) -> Void) {
    let waiting = Waiting(line: line, since: now(), done: done)
    let start = state.withLock { state -> (refusal: SpoolError?, runs: Bool, watches: Bool) in
      let refusal: SpoolError? =
        state.isClosed
        ? .closed
        : state.isStuck
          ? .timedOut : state.waiting.count >= GroupWriter.mostWaiting ? .full : nil
      if let refusal {
        state.refused += 1
        return (refusal, false, false)
      }
      state.waiting.append(waiting)
      defer {
        state.isRunning = true
        state.isWatched = true
      }
      return (nil, !state.isRunning, !state.isWatched)
    }
    if let refusal = start.refusal { return done(refusal) }
    if start.runs { lane.async { self.run() } }
    if start.watches { watch() }
  }

  /// Whether a line would be taken and, as far as is known, written. After a write that failed it is tried to write the
  /// count of what was refused: the next call tells what came of it.
  func canWrite() -> Bool {
    let (isWell, tries) = state.withLock { state -> (Bool, Bool) in
      if state.isClosed || state.isStuck || state.waiting.count >= GroupWriter.mostWaiting {
        return (false, false)
      }
      guard state.isFailing else { return (true, false) }
      defer { state.isRunning = true }
      return (false, !state.isRunning)
    }
    if tries { lane.async { self.run() } }
    return isWell
  }

  /// Writes what waits, and takes no more.
  func close() async {
    state.withLock { $0.isClosed = true }
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
      lane.async {
        self.run()
        done.resume()
      }
    }
  }

  /// Writes group after group until nothing waits.
  private func run() {
    var hasFailed = false
    while true {
      let group = state.withLock { state -> (lines: [[UInt8]], refused: Int64)? in
        if state.waiting.isEmpty, state.refused == 0 || hasFailed {
          state.isRunning = false
          return nil
        }
        state.written = state.waiting
        state.waiting = []
        defer { state.refused = 0 }
        return (state.written.map(\.line), state.refused)
      }
      guard let group else { return }
      var failure: SpoolError?
      do throws(SpoolError) {
        try body(group.refused > 0 ? group.lines + [refusals(group.refused)] : group.lines)
      } catch { failure = error }
      hasFailed = failure != nil
      let done = state.withLock { state in
        if failure != nil { state.refused += Int64(group.lines.count) + group.refused }
        state.isStuck = false
        state.isFailing = failure != nil
        defer { state.written = [] }
        return state.written
      }
      for waiting in done { waiting.done(failure) }
    }
  }

  /// Looks from time to time, while there is anything to write, whether somebody has waited long enough.
  private func watch() {
    let step = max(deadline / 8, 1_000_000)
    timers.asyncAfter(deadline: .now() + .nanoseconds(Int(clamping: step))) {
      let now = self.now()
      let limit = self.deadline
      let found = self.state.withLock { state -> (overdue: [Waiting], goesOn: Bool) in
        // Who came since the clock was read has not waited at all.
        let isOver: (Waiting) -> Bool = { now > $0.since && now - $0.since >= limit }
        // Of those that are being written nobody knows whether they will be: they are counted when it shows.
        let stuck = state.written.filter(isOver)
        if !stuck.isEmpty { state.isStuck = true }
        state.written.removeAll(where: isOver)
        let late = state.waiting.filter(isOver)
        state.waiting.removeAll(where: isOver)
        state.refused += Int64(late.count)
        state.isWatched = state.isRunning
        return (stuck + late, state.isRunning)
      }
      for waiting in found.overdue { waiting.done(.timedOut) }
      if found.goesOn { self.watch() }
    }
  }
}
