/// Asks the registered policies, in order of registration; the first denial ends it.
///
/// A throw denies, and so does a policy that took longer than its deadline. Threading: any thread.
package struct PolicyChain: Sendable {
  package let before: [any Policy]
  package let after: [any Policy]
  package let asynchronous: [BoundedPolicy]
  let clock: any KernelClock

  init(policies: [any Policy], asyncPolicies: [any AsyncPolicy], clock: any KernelClock) {
    before = policies.filter { $0.stage == .beforeVerification }
    after = policies.filter { $0.stage == .afterVerification }
    asynchronous = asyncPolicies.map { BoundedPolicy($0, clock: clock) }
    self.clock = clock
  }

  /// Asked once for a request: what this stage sees does not change.
  @inline(__always)
  func denialBefore(
    _ context: @autoclosure () -> PolicyContext, _ memory: inout PolicyMemory
  ) -> Denial? {
    if before.isEmpty || memory.isBeforePassed { return nil }
    let context = context()
    for policy in before {
      if let denial = PolicyChain.denial(ask(policy, context), verified: false) { return denial }
    }
    memory.isBeforePassed = true
    return nil
  }

  /// May be asked again about the same request, once its key was read anew; who counted is not.
  @inline(__always)
  func denialAfter(
    _ context: @autoclosure () -> PolicyContext, _ memory: inout PolicyMemory
  ) -> Denial? {
    after.isEmpty ? nil : denialAfter(asking: context(), &memory)
  }

  private func denialAfter(
    asking context: PolicyContext, _ memory: inout PolicyMemory
  ) -> Denial? {
    for (index, policy) in after.enumerated() {
      let decision = memory.decision(of: index) ?? ask(policy, context)
      memory.note(decision, of: index)
      if let denial = PolicyChain.denial(decision, verified: true) { return denial }
    }
    return nil
  }

  /// Whether a policy that does I/O has anything to say of this key.
  @inline(__always)
  func asksSomebodyElse(about token: KnownToken) -> Bool {
    if asynchronous.isEmpty || token.secretID == nil { return false }
    return asynchronous.contains { $0.policy.applies(to: Identity(token: token)) }
  }

  func denialElsewhere(
    _ context: PolicyContext, _ identity: Identity, _ memory: inout PolicyMemory
  ) async -> Denial? {
    for (index, bounded) in asynchronous.enumerated() where bounded.policy.applies(to: identity) {
      let place = after.count + index
      var decision = memory.decision(of: place)
      if decision == nil { decision = await bounded.evaluate(context) }
      memory.note(decision, of: place)
      if let denial = PolicyChain.denial(decision, verified: true) { return denial }
    }
    return nil
  }

  /// What a policy decides; `nil` if it threw or took too long.
  package func ask(_ policy: any Policy, _ context: PolicyContext) -> PolicyDecision? {
    let began = clock.monotonic()
    let decision: PolicyDecision?
    do { decision = try policy.evaluate(context) } catch {
      decision = PolicyChain.decision(thrown: error)
    }
    return clock.monotonic() &- began <= policy.deadline.nanoseconds ? decision : nil
  }

  /// Metadata that can't be read stays so: that is no failure that may have passed in a second.
  static func decision(thrown error: any Error) -> PolicyDecision? {
    error is MetadataFault ? .deny(PolicyDenial(code: "unreadable_metadata")) : nil
  }

  /// The denial that a decision means; a policy that failed denies.
  package static func denial(_ decision: PolicyDecision?, verified: Bool) -> Denial? {
    switch decision {
    case .pass?, .within?: nil
    case .deny(let denial)?:
      Denial(
        denial.status == .tooManyRequests ? .rateLimited : .policyDenied, policy: denial,
        verified: verified)
    case nil: Denial(.failed, verified: verified)
    }
  }
}
