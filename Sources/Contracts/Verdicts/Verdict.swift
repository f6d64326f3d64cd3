/// The outcome of authentication.
public enum Verdict: Sendable {
  case allow(Identity)
  case deny(Denial)

  /// Adds what is left of the limits that applied.
  package mutating func note(_ limits: [LimitState]) {
    if limits.isEmpty { return }
    switch self {
    case .allow(var identity):
      identity.limits = limits
      self = .allow(identity)
    case .deny(var denial):
      denial.limits = limits
      self = .deny(denial)
    }
  }

  /// The identity, if allowed.
  public var identity: Identity? {
    if case .allow(let identity) = self { identity } else { nil }
  }

  /// The denial, if denied.
  public var denial: Denial? {
    if case .deny(let denial) = self { denial } else { nil }
  }
}
