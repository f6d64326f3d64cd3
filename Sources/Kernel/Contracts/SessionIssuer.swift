#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Makes session tokens and says what they stand for. At most one is registered; without one there are no
/// sessions.
///
/// A session stands for one secret of a key. The issuer answers for the token and for how long it lives; the
/// key, its owner, its scopes and every policy are judged by the kernel at each use, as for a key itself.
///
/// Threading: synchronous, from any thread; must not block. `read` runs once per token and may check a
/// signature; `refusal` and `noteUse` run at every use.
public protocol SessionIssuer: Plugin {
  /// How long a session lives without being used, and where it does not slide, altogether.
  var lifetime: Duration { get }
  /// Where requests carry session tokens. Asked in order, and only of requests without an API key.
  var extractors: [any CredentialExtractor] { get }
  /// The JSON Web Key Set (RFC 7517) with which others verify its tokens; `nil` if they can't.
  var keySet: [UInt8]? { get }

  /// Whether a token has the shape of its own: cheap, and no promise that it is good.
  func recognizes(_ token: Span<UInt8>) -> Bool
  /// The token of a new session.
  func issue(_ request: SessionRequest) throws(SessionError) -> Secret
  /// The session that a token stands for; it may have ended since it was read.
  func read(_ token: Secret, at now: Timestamp) throws(SessionRefusal) -> SessionFacts
  /// Why a session that ``read(_:at:)`` gave is over; `nil` while it is open.
  func refusal(of session: SessionFacts, at now: Timestamp) -> SessionRefusal?
  /// A request was allowed under this session.
  func noteUse(of session: SessionFacts, at now: Timestamp)
  /// From its return on, ``refusal(of:at:)`` refuses this session.
  func end(_ session: SessionFacts, at now: Timestamp) throws(SessionError)
}

/// What a session token is to be made for.
public struct SessionRequest: Sendable {
  public let session: SessionFacts
  /// The verified key.
  public let identity: Identity

  public init(session: SessionFacts, identity: Identity) {
    self.session = session
    self.identity = identity
  }
}

/// A session, without its token.
public struct SessionFacts: Sendable, Equatable {
  /// Longest session token that is taken, in bytes: fits beside other fields into the 8 KiB of header that
  /// proxies commonly take.
  public static let tokenCapacity = 4_096

  /// UUIDv7.
  public let id: UUID
  public let keyID: UUID
  /// The key's prefix.
  public let prefix: String
  /// The secret row that the key's token matched: the session dies with it.
  public let secretID: UUID
  /// What the session may do at most; at each use, what of this the key still has.
  public let scopes: ScopeSet
  /// In whole seconds.
  public let issuedAt: Timestamp
  /// In whole seconds; a session that slides may live longer.
  public let expiresAt: Timestamp

  public init(
    id: UUID, keyID: UUID, prefix: String, secretID: UUID, scopes: ScopeSet, issuedAt: Timestamp,
    expiresAt: Timestamp
  ) {
    self.id = id
    self.keyID = keyID
    self.prefix = prefix
    self.secretID = secretID
    self.scopes = scopes
    self.issuedAt = issuedAt
    self.expiresAt = expiresAt
  }
}

/// Why a session token is refused. Strangers don't get to see which.
public enum SessionRefusal: String, Error, Sendable, CaseIterable {
  /// Not one of ours as we write it: another encoding, a member twice or unknown.
  case malformed
  /// Signed by another algorithm, or by none.
  case algorithm
  /// Another type of token.
  case type
  /// Signed with a key that is not, or no longer, ours.
  case key
  case signature, issuer, audience
  case expired
  /// Logged out, or its key's secret is gone.
  case ended
  /// No session of this node.
  case unknown
}

/// Why a session was not made or ended.
public enum SessionError: Error, Sendable, Equatable {
  /// As many sessions as may be remembered.
  case full
  /// Its scopes do not fit into a token.
  case tooLong
}

extension SessionIssuer {
  public var keySet: [UInt8]? { nil }
  public func noteUse(of session: SessionFacts, at now: Timestamp) {}
  public func register(in registry: inout Registry) { registry.add(sessionIssuer: self) }
}
