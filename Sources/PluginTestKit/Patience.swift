import CardeaContracts
import Dispatch

/// How long the kit waits for what should take milliseconds before it says that it hangs.
package enum Patience {
  /// Far above what a busy machine needs, so it decides between hanging and not, never between fast
  /// and slow.
  @TaskLocal package static var limit: Duration = .seconds(60)

  fileprivate static var interval: DispatchTimeInterval {
    .milliseconds(Int(limit / .milliseconds(1)))
  }
}

/// Runs `work` on a thread of its own and waits for it, but not longer than ``Patience/limit``.
/// What hangs stays behind on its thread.
func withinPatience(_ what: String, _ work: @escaping @Sendable () throws -> Void) async throws {
  let outcome = Outcome()
  DispatchQueue(label: "cardea.kit.patience").async {
    outcome.resolve(Result { try work() })
  }
  try await outcome.value(orAfter: Patience.interval, what)
}

/// The same for asynchronous work.
func withinPatience(
  of what: String, _ work: @escaping @Sendable () async throws -> Void
) async throws {
  let outcome = Outcome()
  Task {
    do {
      try await work()
      outcome.resolve(.success(()))
    } catch { outcome.resolve(.failure(error)) }
  }
  try await outcome.value(orAfter: Patience.interval, what)
}

/// A result that is waited for once; the first resolution counts.
private final class Outcome: Sendable {
  private struct State {
    var result: Result<Void, any Error>?
    var waiter: CheckedContinuation<Result<Void, any Error>, Never>?
  }
  private let state = Locked(State())

  func resolve(_ result: Result<Void, any Error>) {
    let waiter = state.withLock { state -> CheckedContinuation<Result<Void, any Error>, Never>? in
      guard state.result == nil else { return nil }
      state.result = result
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: result)
  }

  func value(orAfter limit: DispatchTimeInterval, _ what: String) async throws {
    DispatchQueue.global().asyncAfter(deadline: .now() + limit) {
      self.resolve(.failure(Broken("\(what) did not return")))
    }
    let result = await withCheckedContinuation { continuation in
      let known = state.withLock { state -> Result<Void, any Error>? in
        if state.result == nil { state.waiter = continuation }
        return state.result
      }
      if let known { continuation.resume(returning: known) }
    }
    try result.get()
  }
}
