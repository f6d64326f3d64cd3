import CardeaContracts

/// Lets tasks go one at a time, in the order in which they came.
final class Turns: Sendable {
  private struct State: Sendable {
    var isTaken = false
    var waiting: ArraySlice<CheckedContinuation<Void, Never>> = []
  }

  private let state = Locked(State())

  func take() async {
    await withCheckedContinuation { continuation in
      let isFree = state.withLock { state -> Bool in
        if state.isTaken { state.waiting.append(continuation) }
        defer { state.isTaken = true }
        return !state.isTaken
      }
      if isFree { continuation.resume() }
    }
  }

  func pass() {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      let next = state.waiting.popFirst()
      state.isTaken = next != nil
      return next
    }
    next?.resume()
  }
}
