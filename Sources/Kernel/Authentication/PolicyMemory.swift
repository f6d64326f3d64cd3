/// What policies decided about one request so far, so that nothing is counted twice.
struct PolicyMemory: Sendable {
  /// Whether all that are asked before the verification have let it pass.
  var isBeforePassed = false
  /// Decisions of those that count, by their place in the chain.
  private var counted: [Int: PolicyDecision] = [:]

  /// What the policy at a place has decided and counted already.
  @inline(__always)
  func decision(of place: Int) -> PolicyDecision? { counted[place] }

  mutating func note(_ decision: PolicyDecision?, of place: Int) {
    if let decision, !decision.limits.isEmpty { counted[place] = decision }
  }

  /// Every limit that applied, in order of the policies.
  @inline(__always)
  var limits: [LimitState] {
    counted.isEmpty ? [] : counted.sorted { $0.key < $1.key }.flatMap(\.value.limits)
  }
}
