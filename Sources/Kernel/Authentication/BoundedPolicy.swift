import Synchronization

/// A policy that does I/O, with a bound on how many of its calls run at once and a deadline that wins.
package final class BoundedPolicy: Sendable {
  /// More calls than this at once mean that whoever it asks is not answering.
  private static let most = 1_024
  package let policy: any AsyncPolicy
  private let clock: any KernelClock
  private let running = Atomic<Int>(0)

  init(_ policy: any AsyncPolicy, clock: any KernelClock) {
    self.policy = policy
    self.clock = clock
  }

  /// The decision, or `nil` if it threw, was late or too many calls are running. A late answer is dropped;
  /// the caller does not wait for it.
  package func evaluate(_ context: PolicyContext) async -> PolicyDecision? {
    guard running.wrappingAdd(1, ordering: .relaxed).newValue <= BoundedPolicy.most else {
      running.wrappingSubtract(1, ordering: .relaxed)
      return nil
    }
    let began = clock.monotonic()
    let decision: PolicyDecision? = await Patience.result(within: policy.deadline) { [self] in
      defer { running.wrappingSubtract(1, ordering: .relaxed) }
      do { return try await policy.evaluate(context) } catch {
        return PolicyChain.decision(thrown: error)
      }
    }
    // However late the timer was itself.
    return clock.monotonic() &- began <= policy.deadline.nanoseconds ? decision : nil
  }
}
