/// What a policy decides.
public enum PolicyDecision: Sendable, Equatable {
  case pass
  /// Passes, and was counted: what is left of these limits. Clients with a verified key get to see it.
  case within([LimitState])
  case deny(PolicyDenial)

  /// What the client may be told of limits, whatever was decided.
  public var limits: [LimitState] {
    switch self {
    case .pass: []
    case .within(let limits): limits
    case .deny(let denial): denial.limits
    }
  }
}
