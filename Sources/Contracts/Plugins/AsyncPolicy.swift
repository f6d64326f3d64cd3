/// A policy that asks somebody else: a database, another service.
///
/// It runs after verification. Its deadline wins: a later answer is dropped and the request is denied.
/// Keys that it ``applies(to:)`` never take the warm path.
public protocol AsyncPolicy: Plugin {
  /// The longest that one call may take; 250 ms unless it says otherwise.
  var deadline: Duration { get }
  /// Whether it has anything to say about this key. Synchronous, called on the warm path.
  func applies(to identity: Identity) -> Bool
  /// Decides about one request. A throw, and an answer that comes too late, deny it.
  func evaluate(_ context: PolicyContext) async throws -> PolicyDecision
}

extension AsyncPolicy {
  public var deadline: Duration { .milliseconds(250) }
  public func applies(to identity: Identity) -> Bool { true }
  public func register(in registry: inout Registry) { registry.add(asyncPolicy: self) }
}
