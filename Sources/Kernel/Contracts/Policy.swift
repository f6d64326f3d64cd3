/// May deny an otherwise valid authentication; can only narrow.
///
/// Synchronous and must not block: it is measured, and an overrun of ``deadline`` denies that request.
/// A throw denies; a ``MetadataFault`` denies with 403 `policy_denied`, since it will be thrown again. A policy
/// that does I/O conforms to ``AsyncPolicy`` instead.
///
/// One that counts says so by the ``LimitState``s of its decision, and is then asked once for a request, however
/// often the kernel has to read the key again. It counts nothing while ``PolicyContext/isRehearsal``.
///
/// Threading: from any thread, several calls at once.
public protocol Policy: Plugin {
  var stage: PolicyStage { get }
  /// The longest that one call may take.
  var deadline: Duration { get }
  func evaluate(_ context: PolicyContext) throws -> PolicyDecision
}

/// A policy that asks somebody else: a database, another service.
///
/// It runs after verification. Its deadline wins: a later answer is dropped and the request is denied.
/// Keys that it ``applies(to:)`` never take the warm path.
public protocol AsyncPolicy: Plugin {
  var deadline: Duration { get }
  /// Whether it has anything to say about this key. Synchronous, called on the warm path.
  func applies(to identity: Identity) -> Bool
  func evaluate(_ context: PolicyContext) async throws -> PolicyDecision
}

/// When a policy is asked.
public enum PolicyStage: Sendable {
  /// Before the secret is looked at: request, address and presented prefix, but no identity.
  case beforeVerification
  /// Once the key is verified and in force.
  case afterVerification
}

/// What a policy sees. Never the secret.
public struct PolicyContext: Sendable {
  public let request: RequestFacts
  /// The prefix that was presented, whether or not such a key exists.
  public let prefix: String
  /// The verified key; `nil` before verification.
  public let identity: Identity?
  public let now: Timestamp
  /// Whether nothing comes of the decision: somebody asks why a request would be denied. A policy that counts
  /// decides as ever, and counts nothing.
  public var isRehearsal = false

  public init(
    request: RequestFacts, prefix: String, identity: Identity?, now: Timestamp,
    isRehearsal: Bool = false
  ) {
    self.request = request
    self.prefix = prefix
    self.identity = identity
    self.now = now
    self.isRehearsal = isRehearsal
  }
}

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

/// Why a policy denies, and what the client is told.
public struct PolicyDenial: Sendable, Equatable {
  /// A stable code of the policy's own, such as `customer_retired`.
  public var code: String
  /// 403, or 429 for limits.
  public var status: Status
  /// How long the client should wait.
  public var retryAfter: Duration?
  /// For 429: what is left of each limit that applied. A client without a verified key does not see it.
  public var limits: [LimitState]

  public enum Status: Int, Sendable { case forbidden = 403, tooManyRequests = 429 }

  public init(
    code: String, status: Status = .forbidden, retryAfter: Duration? = nil,
    limits: [LimitState] = []
  ) {
    self.code = code
    self.status = status
    self.retryAfter = retryAfter
    self.limits = limits
  }
}

extension Policy {
  /// 100 ms: what a synchronous decision takes is microseconds, but it is measured by the clock, and on a busy
  /// machine the scheduler may keep a thread from its core for tens of milliseconds. That must not deny.
  public var deadline: Duration { .milliseconds(100) }
  public var stage: PolicyStage { .afterVerification }
  public func register(in registry: inout Registry) { registry.add(policy: self) }
}

extension AsyncPolicy {
  public var deadline: Duration { .milliseconds(250) }
  public func applies(to identity: Identity) -> Bool { true }
  public func register(in registry: inout Registry) { registry.add(asyncPolicy: self) }
}
