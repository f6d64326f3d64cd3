#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The re-hashes that run in the background: at most one per secret.
///
/// Threading: any thread.
final class HashUpgrades: Sendable {
  private let state = Locked(State())

  private struct State {
    var underWay: Set<UUID> = []
    var idle: [CheckedContinuation<Void, Never>] = []
  }

  /// Runs `work` in a task of its own unless one runs for this secret already.
  func start(_ secretID: UUID, _ work: @escaping @Sendable () async -> Void) {
    guard state.withLock({ $0.underWay.insert(secretID).inserted }) else { return }
    Task {
      await work()
      let idle = state.withLock { state -> [CheckedContinuation<Void, Never>] in
        state.underWay.remove(secretID)
        guard state.underWay.isEmpty else { return [] }
        defer { state.idle = [] }
        return state.idle
      }
      for continuation in idle { continuation.resume() }
    }
  }

  /// Returns once none runs.
  func drain() async {
    await withCheckedContinuation { continuation in
      let idle = state.withLock { state -> Bool in
        if !state.underWay.isEmpty { state.idle.append(continuation) }
        return state.underWay.isEmpty
      }
      if idle { continuation.resume() }
    }
  }
}
