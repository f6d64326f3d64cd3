/// Work that is looked at again whenever something wakes it: one round at a time, and one more for whatever came while
/// one was under way.
///
/// Threading: any thread. Rounds run in a task of their own.
package final class Rounds: Sendable {
  private let state = Locked(State())

  private struct State: Sendable {
    var isRunning = false
    var isWoken = false
    var isClosed = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  package init() {}

  package var isClosed: Bool { state.withLock { $0.isClosed } }

  /// No round begins after this.
  package func close() { state.withLock { $0.isClosed = true } }

  /// Has `round` run, now or after the one that is under way.
  package func wake(_ round: @escaping @Sendable () async -> Void) {
    let starts = state.withLock { state -> Bool in
      state.isWoken = true
      if state.isRunning || state.isClosed { return false }
      state.isRunning = true
      return true
    }
    if starts { Task { await run(round) } }
  }

  /// Returns once no round is under way.
  package func idle() async {
    await withCheckedContinuation { continuation in
      let isIdle = state.withLock { state -> Bool in
        if state.isRunning { state.waiters.append(continuation) }
        return !state.isRunning
      }
      if isIdle { continuation.resume() }
    }
  }

  private func run(_ round: @Sendable () async -> Void) async {
    var waiters: [CheckedContinuation<Void, Never>]?
    while waiters == nil {
      waiters = state.withLock { state in
        if state.isWoken, !state.isClosed {
          state.isWoken = false
          return nil
        }
        state.isRunning = false
        defer { state.waiters = [] }
        return state.waiters
      }
      if waiters == nil { await round() }
    }
    for waiter in waiters ?? [] { waiter.resume() }
  }
}
