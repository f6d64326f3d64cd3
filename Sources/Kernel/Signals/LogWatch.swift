/// Tells those who follow the signal log that it has grown, whichever process wrote it: at once what this process
/// wrote, and of a shared store what the lease's poll found.
///
/// Threading: any thread. Whoever is told must only take note.
package final class LogWatch: Sendable {
  private let state = Locked(State())

  private struct State {
    var next: UInt64 = 0
    var followers: [UInt64: @Sendable () -> Void] = [:]
  }

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

  func noteGrowth() {
    for follower in state.withLock({ Array($0.followers.values) }) { follower() }
  }
}
