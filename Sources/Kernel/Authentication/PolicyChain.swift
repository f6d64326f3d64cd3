import Synchronization

/// Asks the registered policies, in order of registration; the first denial ends it.
///
/// A throw denies, and so does a policy that took longer than its deadline. Threading: any thread.
struct PolicyChain: Sendable {
  let before: [any Policy]
  let after: [any Policy]
  let asynchronous: [BoundedPolicy]
  let clock: any KernelClock

  init(policies: [any Policy], asyncPolicies: [any AsyncPolicy], clock: any KernelClock) {
    before = policies.filter { $0.stage == .beforeVerification }
    after = policies.filter { $0.stage == .afterVerification }
    asynchronous = asyncPolicies.map { BoundedPolicy($0, clock: clock) }
    self.clock = clock
  }

  @inline(__always)
  func denialBefore(_ context: @autoclosure () -> PolicyContext) -> Denial? {
    before.isEmpty ? nil : denial(of: before, context(), verified: false)
  }

  @inline(__always)
  func denialAfter(_ context: @autoclosure () -> PolicyContext) -> Denial? {
    after.isEmpty ? nil : denial(of: after, context(), verified: true)
  }

  /// Whether a policy that does I/O has anything to say of this key.
  @inline(__always)
  func asksSomebodyElse(about token: KnownToken) -> Bool {
    if asynchronous.isEmpty || token.secretID == nil { return false }
    return asynchronous.contains { $0.policy.applies(to: Identity(token: token)) }
  }

  func denialElsewhere(_ context: PolicyContext, _ identity: Identity) async -> Denial? {
    for bounded in asynchronous where bounded.policy.applies(to: identity) {
      switch await bounded.evaluate(context) {
      case .pass?: continue
      case .deny(let denial)?: return PolicyChain.denial(denial, verified: true)
      case nil: return Denial(.failed, verified: true)
      }
    }
    return nil
  }

  private func denial(
    of policies: [any Policy], _ context: PolicyContext, verified: Bool
  ) -> Denial? {
    for policy in policies {
      let began = clock.monotonic()
      guard let decision = try? policy.evaluate(context),
        clock.monotonic() &- began <= policy.deadline.nanoseconds
      else { return Denial(.failed, verified: verified) }
      if case .deny(let denial) = decision { return PolicyChain.denial(denial, verified: verified) }
    }
    return nil
  }

  private static func denial(_ denial: PolicyDenial, verified: Bool) -> Denial {
    Denial(
      denial.status == .tooManyRequests ? .rateLimited : .policyDenied, policy: denial,
      verified: verified)
  }
}

/// A policy that does I/O, with a bound on how many of its calls run at once and a deadline that wins.
final class BoundedPolicy: Sendable {
  /// More calls than this at once mean that whoever it asks is not answering.
  private static let most = 1_024
  let policy: any AsyncPolicy
  private let clock: any KernelClock
  private let running = Atomic<Int>(0)

  init(_ policy: any AsyncPolicy, clock: any KernelClock) {
    self.policy = policy
    self.clock = clock
  }

  /// The decision, or `nil` if it threw, was late or too many calls are running. A late answer is dropped;
  /// the caller does not wait for it.
  func evaluate(_ context: PolicyContext) async -> PolicyDecision? {
    guard running.wrappingAdd(1, ordering: .relaxed).newValue <= BoundedPolicy.most else {
      running.wrappingSubtract(1, ordering: .relaxed)
      return nil
    }
    let began = clock.monotonic()
    let decision: PolicyDecision? = await Patience.result(within: policy.deadline) { [self] in
      defer { running.wrappingSubtract(1, ordering: .relaxed) }
      return try? await policy.evaluate(context)
    }
    // However late the timer was itself.
    return clock.monotonic() &- began <= policy.deadline.nanoseconds ? decision : nil
  }
}
