#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A key as a ``PagePlugin`` sees it: what the page itself shows of it, at one moment. No secret and no hash.
public struct PageKey: Sendable, Equatable {
  public let id: UUID
  public let prefix: String
  /// Empty once purged.
  public let name: String
  public let description: String
  public let kind: KeyRecord.Kind
  public let keyClass: String
  public let owner: OwnerReference?
  public let scopes: ScopeSet
  public let state: KeyState
  public let createdAt: Timestamp
  public let createdBy: String
  public let expiresAt: Timestamp?
  public let lastUsedAt: Timestamp?
  public let metadata: [String: JSONValue]
  /// The moment of the snapshot, against which dates are judged.
  public let now: Timestamp

  public init(_ stored: StoredKey, at now: Timestamp) {
    let key = stored.key
    id = key.id
    prefix = key.prefix
    name = key.name
    description = key.description
    kind = key.kind
    keyClass = key.keyClass
    owner = stored.owner.map { OwnerReference(kind: $0.kind, name: $0.name) }
    scopes = key.scopes
    state = key.state(at: now)
    createdAt = key.createdAt
    createdBy = key.createdBy
    expiresAt = key.expiresAt
    lastUsedAt = key.lastUsedAt
    metadata = key.metadata
    self.now = now
  }
}
