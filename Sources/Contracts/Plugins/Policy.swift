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
  /// When it is asked; after verification unless it says otherwise.
  var stage: PolicyStage { get }
  /// The longest that one call may take.
  var deadline: Duration { get }
  /// Decides about one request. A throw denies it.
  func evaluate(_ context: PolicyContext) throws -> PolicyDecision
}

/// When a policy is asked.
public enum PolicyStage: Sendable {
  /// Before the secret is looked at: request, address and presented prefix, but no identity.
  case beforeVerification
  /// Once the key is verified and in force.
  case afterVerification
}

extension Policy {
  /// 100 ms: what a synchronous decision takes is microseconds, but it is measured by the clock, and on a busy
  /// machine the scheduler may keep a thread from its core for tens of milliseconds. That must not deny.
  public var deadline: Duration { .milliseconds(100) }
  public var stage: PolicyStage { .afterVerification }
  public func register(in registry: inout Registry) { registry.add(policy: self) }
}
