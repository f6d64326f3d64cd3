/// Knows where the signal log ends, whichever process wrote it, and tells those who follow it: at once what this process
/// wrote, and of a shared store what the lease's poll found.
///
/// Threading: any thread. Whoever is told must only take note.
package final class LogWatch: Sendable {
  private let state = Locked(State())

  package init() {}

  private struct State {
    var next: UInt64 = 0
    var followers: [UInt64: @Sendable () -> Void] = [:]
    var end: Int64?
    var histories = 0
  }

  /// The last position that this process knows of; `nil` until the store is open.
  package var end: Int64? { state.withLock { $0.end } }

  /// How many logs there were: one more whenever another took the place of the one that was followed.
  package var histories: Int { state.withLock { $0.histories } }

  /// Calls `follower` after every growth from now on, until the subscription is ended.
  package func subscribe(_ follower: @escaping @Sendable () -> Void) -> Subscription {
    let number = state.withLock { state in
      defer { state.next += 1 }
      state.followers[state.next] = follower
      return state.next
    }
    return Subscription { [weak self] in
      _ = self?.state.withLock { $0.followers.removeValue(forKey: number) }
    }
  }

  /// The log was found to end here: when the store was opened, or when another log took its place.
  package func begin(at end: Int64) {
    tell {
      $0.end = end
      $0.histories += 1
    }
  }

  /// The log goes on to `position`, or further.
  package func noteGrowth(to position: Int64) { tell { $0.end = max($0.end ?? 0, position) } }

  private func tell(_ note: @Sendable (inout State) -> Void) {
    let followers = state.withLock { state in
      note(&state)
      return Array(state.followers.values)
    }
    for follower in followers { follower() }
  }
}
