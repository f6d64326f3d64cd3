#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A verified key, presented itself or through a session of it: who is asking. A reference to what the kernel knows of the token, so
/// handing it on copies nothing.
public struct Identity: Sendable {
  @usableFromInline package let token: KnownToken
  /// What is left of the limits under which this request was allowed; empty without any.
  public package(set) var limits: [LimitState] = []

  @inlinable
  @inline(__always)
  package init(token: KnownToken) { self.token = token }

  /// The key as it was when the verdict was decided.
  package var stored: StoredKey { StoredKey(key: token.key, owner: token.owner) }

  public var keyID: UUID { token.key.id }
  /// Which of the key's secrets was presented, or is behind the session that was.
  package var secretID: UUID? { token.secretID }
  public var prefix: String { token.key.prefix }
  public var name: String { token.key.name }
  public var kind: KeyRecord.Kind { token.key.kind }
  public var keyClass: String { token.key.keyClass }
  /// What may be done: the key's scopes, or what a session holds of them.
  public var scopes: ScopeSet { token.scopes }
  public var expiresAt: Timestamp? { token.key.expiresAt }
  public var metadata: [String: JSONValue] { token.key.metadata }
  /// The session whose token was presented; `nil` if it was the key's own.
  public var session: SessionFacts? { token.session }
  /// The owner's id, if the key has one.
  public var ownerID: UUID? { token.key.ownerID }
  /// The owner's name, if the key has an owner.
  public var owner: String? { token.owner?.name }
  public var ownerKind: OwnerRecord.Kind? { token.owner?.kind }
  public var ownerMetadata: [String: JSONValue] { token.owner?.metadata ?? [:] }
}

extension Identity {
  /// The identity that a verdict on this key would hold: for those who test a policy, a route or a resolver
  /// of their own. It proves nothing; only a ``Verdict`` of the kernel does.
  public init(stored: StoredKey) {
    let row =
      stored.key.secrets.last
      ?? StoredSecret(
        id: stored.key.id, hash: EncodedHash(""), format: stored.key.format,
        createdAt: stored.key.createdAt)
    token = KnownToken(stored, digest: Digest128(low: 0, high: 0), stamp: .none, match: row)
  }
}
