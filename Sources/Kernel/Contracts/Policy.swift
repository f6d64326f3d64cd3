/// May deny an otherwise valid authentication; can only narrow.
///
/// Synchronous and must not block: it is measured, and an overrun of ``deadline`` denies that request.
/// A throw denies. A policy that does I/O conforms to ``AsyncPolicy`` instead.
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

  public init(request: RequestFacts, prefix: String, identity: Identity?, now: Timestamp) {
    self.request = request
    self.prefix = prefix
    self.identity = identity
    self.now = now
  }
}

/// What a policy decides.
public enum PolicyDecision: Sendable, Equatable {
  case pass
  case deny(PolicyDenial)
}

/// Why a policy denies, and what the client is told.
public struct PolicyDenial: Sendable, Equatable {
  /// A stable code of the policy's own, such as `customer_retired`.
  public var code: String
  /// 403, or 429 for limits.
  public var status: Status
  /// How long the client should wait.
  public var retryAfter: Duration?

  public enum Status: Int, Sendable { case forbidden = 403, tooManyRequests = 429 }

  public init(code: String, status: Status = .forbidden, retryAfter: Duration? = nil) {
    self.code = code
    self.status = status
    self.retryAfter = retryAfter
  }
}

extension Policy {
  /// 5 ms: far above what a synchronous decision takes, far below what a client notices.
  public var deadline: Duration { .milliseconds(5) }
  public var stage: PolicyStage { .afterVerification }
  public func register(in registry: inout Registry) { registry.add(policy: self) }
}

extension AsyncPolicy {
  public var deadline: Duration { .milliseconds(250) }
  public func applies(to identity: Identity) -> Bool { true }
  public func register(in registry: inout Registry) { registry.add(asyncPolicy: self) }
}
