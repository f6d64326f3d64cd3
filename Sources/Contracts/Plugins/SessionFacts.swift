#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A session, without its token.
public struct SessionFacts: Sendable, Equatable {
  /// Longest session token that is taken, in bytes: fits beside other fields into the 8 KiB of header that
  /// proxies commonly take.
  public static let tokenCapacity = 4_096

  /// UUIDv7.
  public let id: UUID
  /// The key that it was exchanged for.
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
