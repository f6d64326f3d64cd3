/// What a policy sees. Never the secret.
public struct PolicyContext: Sendable {
  /// What is known of the request, without anything that could be a credential.
  public let request: RequestFacts
  /// The prefix that was presented, whether or not such a key exists.
  public let prefix: String
  /// The verified key; `nil` before verification.
  public let identity: Identity?
  /// The kernel's time, which never goes back.
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
