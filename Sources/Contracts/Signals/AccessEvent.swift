#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One authentication and its outcome, or a log-out: what access signals carry and audit sinks record.
///
/// It holds the presented prefix only if some format could parse the token; never any other part of it.
public struct AccessEvent: Sendable, Equatable, Encodable {
  /// What happened.
  public enum Kind: Sendable {
    /// A token was judged; the event's `reason` says how.
    case authentication
    /// A user ended a session.
    case logOut
  }

  public let kind: Kind
  public let at: Timestamp
  /// `nil` when allowed.
  public let reason: Denial.Reason?
  /// The code of the policy or limit that denied, such as `quota` or `failed_attempts`.
  public let policy: String?
  public let keyID: UUID?
  public let prefix: String?
  public let owner: String?
  public let request: RequestFacts
  /// The id of the session whose token was presented, if it was not the key's own.
  public let session: UUID?
  /// The HTTP status that the verdict means: 200 when allowed. What a service behind the verdict went on to
  /// answer is not known here, and `/v1/verify` answers 200 to its own caller whatever the verdict.
  public let status: Int

  /// - Parameters:
  ///   - kind: what happened.
  ///   - at: when the verdict was given.
  ///   - reason: why it was denied; `nil` when allowed.
  ///   - keyID: the key, once one was found.
  ///   - prefix: what the token presented, or the key's own.
  ///   - owner: the owner's name.
  ///   - request: what is known of the request.
  ///   - session: the session whose token was presented, if it was not the key's own.
  ///   - status: unless given, what the reason means for a key that was not verified.
  ///   - policy: the code of the policy or limit that denied.
  public init(
    _ kind: Kind = .authentication, at: Timestamp, reason: Denial.Reason?, keyID: UUID?,
    prefix: String?, owner: String?,
    request: RequestFacts, session: UUID? = nil, status: Int? = nil, policy: String? = nil
  ) {
    self.kind = kind
    self.at = at
    self.reason = reason
    self.status = status ?? reason.map { Denial($0).status } ?? 200
    self.keyID = keyID
    self.prefix = prefix
    self.owner = owner
    self.request = request
    self.session = session
    self.policy = policy
  }

  /// The name of the signal that tells of it: `user_logged_in`, `user_logged_out`, `authentication_failed`,
  /// `rate_limited`.
  public var action: String {
    kind == .logOut ? UserLoggedOut.name : AccessDraft.action(for: reason)
  }

  private enum CodingKeys: String, CodingKey {
    case at, outcome, reason, policy, status, prefix, owner, session, method, path, address
    case keyID = "key_id"
    case userAgent = "user_agent"
    case requestID = "request_id"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(at, forKey: .at)
    try container.encode(reason == nil ? "allow" : "deny", forKey: .outcome)
    try container.encodeIfPresent(reason?.rawValue, forKey: .reason)
    try container.encodeIfPresent(policy, forKey: .policy)
    try container.encode(status, forKey: .status)
    try container.encodeIfPresent(keyID?.text, forKey: .keyID)
    try container.encodeIfPresent(prefix, forKey: .prefix)
    try container.encodeIfPresent(owner, forKey: .owner)
    try container.encodeIfPresent(session?.text, forKey: .session)
    try container.encode(request.method, forKey: .method)
    try container.encode(request.path, forKey: .path)
    try container.encodeIfPresent(request.clientAddress, forKey: .address)
    try container.encodeIfPresent(request.userAgent, forKey: .userAgent)
    try container.encodeIfPresent(request.requestID, forKey: .requestID)
  }
}
