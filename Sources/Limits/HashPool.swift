import Dispatch

/// Runs slow hashes on a bounded number of threads of their own, fair across prefixes.
///
/// Waiting jobs stand in one line per prefix and the lines take turns, so a flood against one key delays
/// the others by at most one hash each. When too many wait, the newest job of the longest line is refused: the
/// flood's own. A job is refused too when its deadline passes before its turn.
///
/// Threading: any thread; never blocks the caller.
package final class HashPool: Sendable {
  private let queue = DispatchQueue(
    label: "cardea.hash", qos: .utility, attributes: .concurrent)
  private let width: Int
  private let queueLimit: Int
  private let deadline: Duration
  private let clock: any KernelClock
  private let state = Locked(State())
  private let refused = Tally()

  /// Why a job was not run.
  package struct Overloaded: Error {}

  /// Does the work and returns what tells the caller: by then its thread is free again, so that whoever
  /// comes back at once finds it so.
  private typealias Work = @Sendable () -> @Sendable () -> Void

  private struct Job {
    let number: UInt64
    let run: Work
    let refuse: @Sendable () -> Void
    let expires: UInt64
  }

  private struct State {
    var lines: [String: [Job]] = [:]
    /// Prefixes with waiting jobs, in the order of their turns.
    var turns: [String] = []
    var waiting = 0
    var running = 0
    var nextNumber: UInt64 = 0
    var idle: [CheckedContinuation<Void, Never>] = []
  }

  package init(width: Int, queueLimit: Int, deadline: Duration, clock: any KernelClock) {
    self.width = max(1, width)
    self.queueLimit = queueLimit
    self.deadline = deadline
    self.clock = clock
  }

  /// Runs `work` in its turn.
  package func run<Result: Sendable>(
    for prefix: String, _ work: @escaping @Sendable () -> Result
  ) async throws(Overloaded) -> Result {
    let outcome: Swift.Result<Result, Overloaded> = await withCheckedContinuation { continuation in
      enqueue(
        prefix,
        run: {
          let result = work()
          return { continuation.resume(returning: .success(result)) }
        },
        refuse: { continuation.resume(returning: .failure(Overloaded())) })
    }
    if case .failure = outcome { refused.add() }
    return try outcome.get()
  }

  /// Jobs that wait now.
  package var waiting: Int { state.withLock { $0.waiting } }

  package var figures: KernelFigures.HashPool {
    let (running, waiting) = state.withLock { ($0.running, $0.waiting) }
    return KernelFigures.HashPool(
      width: width, running: running, waiting: waiting, refused: refused.count,
      isFull: running >= width && waiting >= queueLimit)
  }

  /// Returns once nothing runs or waits.
  package func drain() async {
    await withCheckedContinuation { continuation in
      let idle = state.withLock { state -> Bool in
        let idle = state.running == 0 && state.waiting == 0
        if !idle { state.idle.append(continuation) }
        return idle
      }
      if idle { continuation.resume() }
    }
  }

  private func enqueue(
    _ prefix: String, run: @escaping Work, refuse: @escaping @Sendable () -> Void
  ) {
    let expires = clock.monotonic() &+ deadline.nanoseconds
    enum Next { case start, wait(UInt64), refuse }
    let (next, ousted) = state.withLock { state -> (Next, Job?) in
      if state.running < width {
        state.running += 1
        return (.start, nil)
      }
      var ousted: Job?
      if state.waiting >= queueLimit {
        let own = state.lines[prefix]?.count ?? 0
        guard let longest = state.lines.max(by: { $0.value.count < $1.value.count }),
          longest.value.count > own + 1
        else { return (.refuse, nil) }
        ousted = state.lines[longest.key]?.popLast()
        state.waiting -= 1
      }
      state.nextNumber += 1
      let job = Job(number: state.nextNumber, run: run, refuse: refuse, expires: expires)
      if state.lines[prefix] == nil { state.turns.append(prefix) }
      state.lines[prefix, default: []].append(job)
      state.waiting += 1
      return (.wait(job.number), ousted)
    }
    ousted?.refuse()
    switch next {
    case .start: start(run)
    case .refuse: refuse()
    case .wait(let number):
      Patience.after(deadline) { self.expire(number, of: prefix) }
    }
  }

  private func start(_ run: @escaping Work) {
    queue.async {
      let tell = run()
      self.finished()
      tell()
    }
  }

  private func finished() {
    let now = clock.monotonic()
    let (next, expired, idle) = state.withLock {
      state -> (Job?, [Job], [CheckedContinuation<Void, Never>]) in
      var expired: [Job] = []
      while let prefix = state.turns.first {
        state.turns.removeFirst()
        guard var line = state.lines[prefix], !line.isEmpty else {
          state.lines[prefix] = nil
          continue
        }
        let job = line.removeFirst()
        state.waiting -= 1
        state.lines[prefix] = line.isEmpty ? nil : line
        if !line.isEmpty { state.turns.append(prefix) }
        if job.expires > now { return (job, expired, []) }
        expired.append(job)
      }
      state.running -= 1
      guard state.running == 0 else { return (nil, expired, []) }
      defer { state.idle = [] }
      return (nil, expired, state.idle)
    }
    for job in expired { job.refuse() }
    if let next { start(next.run) }
    for continuation in idle { continuation.resume() }
  }

  /// Refuses a job that still waits when its deadline has passed.
  private func expire(_ number: UInt64, of prefix: String) {
    let job = state.withLock { state -> Job? in
      guard var line = state.lines[prefix],
        let index = line.firstIndex(where: { $0.number == number })
      else { return nil }
      let job = line.remove(at: index)
      state.waiting -= 1
      state.lines[prefix] = line
      return job
    }
    job?.refuse()
  }
}
