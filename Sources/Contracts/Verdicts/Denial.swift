/// Why an authentication was denied. Strangers see ``category`` only; the exact reason goes to signals and
/// the audit, and to callers who may verify.
public struct Denial: Sendable, Equatable, Error {
  public let reason: Reason
  /// Whether a key had been verified: without one a stranger learns nothing but 401, 429 or 503.
  public let verified: Bool
  private var details: Details?

  public init(_ reason: Reason, policy: PolicyDenial? = nil, verified: Bool = false) {
    self.reason = reason
    self.verified = verified
    details = policy.map { Details(policy: $0) }
  }

  /// What a verified key's lack of a requirement means; `nil` if it lacks nothing.
  public init?(_ identity: Identity, lacking requirement: Requirement) {
    guard let reason = requirement.shortfall(of: identity) else { return nil }
    self.init(reason, verified: true)
    if reason == .insufficientScope {
      details = Details.some(of: Details(missingScopes: requirement.missing(in: identity.scopes)))
    }
  }

  /// For `policy_denied` and `rate_limited`: what the policy said. Where failed attempts ran over their limit,
  /// its code is `failed_attempts`.
  public var policy: PolicyDenial? { details?.policy }

  /// For `insufficient_scope`: the scopes that were required and that the key does not grant; of those of which any
  /// one would have done, all.
  public var missingScopes: [String] { details?.missingScopes ?? [] }

  /// What is left of the limits that applied. Empty unless a key had been verified.
  public package(set) var limits: [LimitState] {
    get { details?.limits ?? [] }
    set {
      details = Details.some(
        of: Details(policy: policy, missingScopes: missingScopes, limits: newValue))
    }
  }

  /// What hardly any denial has. Apart, so that every verdict is three words.
  private final class Details: Sendable, Equatable {
    let policy: PolicyDenial?
    let missingScopes: [String]
    let limits: [LimitState]

    init(policy: PolicyDenial? = nil, missingScopes: [String] = [], limits: [LimitState] = []) {
      self.policy = policy
      self.missingScopes = missingScopes
      self.limits = limits
    }

    /// `nil` of details that say nothing.
    static func some(of details: Details) -> Details? { details == Details() ? nil : details }

    static func == (left: Details, right: Details) -> Bool {
      left.policy == right.policy && left.missingScopes == right.missingScopes
        && left.limits == right.limits
    }
  }

  /// Wire codes.
  public enum Reason: String, Sendable, Codable, CaseIterable {
    /// No extractor found a token.
    case missing
    /// What was found is no token of any accepted format.
    case malformed
    /// Two different tokens, or one field twice.
    case ambiguous
    /// No key has this prefix.
    case unknown
    /// The key exists; the secret is not its own.
    case wrongSecret = "wrong_secret"
    case expired, suspended, revoked, purged
    case ownerDisabled = "owner_disabled"
    case insufficientScope = "insufficient_scope"
    case wrongClass = "wrong_class"
    case policyDenied = "policy_denied"
    case rateLimited = "rate_limited"
    /// The hash pool's queue is full or its deadline passed.
    case overloaded
    case storeUnavailable = "store_unavailable"
    case auditUnavailable = "audit_unavailable"
    /// A plugin failed: an unreadable hash, a policy that threw.
    case failed
    /// A session token that is none of ours: see ``SessionRefusal``.
    case sessionMalformed = "session_malformed"
    case sessionAlgorithm = "session_algorithm"
    case sessionType = "session_type"
    case sessionKey = "session_key"
    case sessionSignature = "session_signature"
    case sessionIssuer = "session_issuer"
    case sessionAudience = "session_audience"
    /// A session that is over.
    case sessionExpired = "session_expired"
    case sessionEnded = "session_ended"
    case sessionUnknown = "session_unknown"
  }

  public enum Category: Sendable { case unauthenticated, forbidden, limited, unavailable }

  /// 401, 403, 429 or 503.
  public var category: Category {
    switch reason {
    case .missing, .malformed, .ambiguous, .unknown, .wrongSecret, .expired, .suspended, .revoked,
      .purged, .ownerDisabled, .sessionMalformed, .sessionAlgorithm, .sessionType, .sessionKey,
      .sessionSignature, .sessionIssuer, .sessionAudience, .sessionExpired, .sessionEnded,
      .sessionUnknown:
      .unauthenticated
    case .insufficientScope, .wrongClass: .forbidden
    case .policyDenied: verified ? .forbidden : .unauthenticated
    case .rateLimited: .limited
    case .overloaded, .storeUnavailable, .auditUnavailable, .failed: .unavailable
    }
  }

  /// Whether it may have been a guess: no secret matched. A right one whose key is not in force is none.
  package var isGuess: Bool {
    switch reason {
    case .unknown, .wrongSecret, .purged: true
    default: false
    }
  }

  /// Whether it may have been a guess at a session: the shape was right, and what only its issuer knows was not.
  package var isSessionGuess: Bool { reason == .sessionUnknown || reason == .sessionSignature }

  /// The HTTP status that the denial means.
  public var status: Int {
    switch category {
    case .unauthenticated: 401
    case .forbidden: 403
    case .limited: 429
    case .unavailable: 503
    }
  }

  /// How long the client should wait, for 429 and 503.
  public var retryAfter: Duration? {
    policy?.retryAfter ?? (category == .unavailable ? .seconds(1) : nil)
  }
}
