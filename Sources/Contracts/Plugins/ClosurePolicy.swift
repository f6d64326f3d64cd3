/// A policy that is one closure; what ``Registry/use(policy:at:deadline:_:)`` registers.
struct ClosurePolicy: Policy {
  let id: String
  let stage: PolicyStage
  let deadline: Duration
  let decide: @Sendable (PolicyContext) throws -> PolicyDecision

  func evaluate(_ context: PolicyContext) throws -> PolicyDecision { try decide(context) }
}

extension Registry {
  /// Registers a closure as a policy, under the rules of ``Policy``: it must not block, a throw denies.
  ///
  /// ```swift
  /// registry.use(policy: "policy.night_shift") { context in
  ///   isOpen() ? .pass : .deny(PolicyDenial(code: "closed"))
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - id: unique, such as `policy.night_shift`.
  ///   - stage: before verification it sees request, address and presented prefix; after it (unless given) the
  ///     verified key too.
  ///   - deadline: the longest that it may take; whatever takes longer denies.
  ///   - decide: called on any thread, many at once.
  public mutating func use(
    policy id: String, at stage: PolicyStage = .afterVerification,
    deadline: Duration = .milliseconds(100),
    _ decide: @escaping @Sendable (PolicyContext) throws -> PolicyDecision
  ) {
    add(policy: ClosurePolicy(id: id, stage: stage, deadline: deadline, decide: decide))
  }
}
