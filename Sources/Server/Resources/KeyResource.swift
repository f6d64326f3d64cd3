import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A key as the HTTP contract and `--json` write it. Never a secret, never a hash.
///
/// Every field is always there; one without a value is `null`.
public struct KeyResource: Encodable, Sendable {
  private let stored: StoredKey
  private let now: Timestamp

  /// - Parameter now: the moment against which `state` and `rotation` are judged.
  public init(_ stored: StoredKey, at now: Timestamp) {
    self.stored = stored
    self.now = now
  }

  private enum CodingKeys: String, CodingKey {
    case id, prefix, name, description, kind, owner, scopes, state, rotation, metadata
    case keyClass = "class"
    case createdAt = "created_at"
    case createdBy = "created_by"
    case expiresAt = "expires_at"
    case lastUsedAt = "last_used_at"
  }

  public func encode(to encoder: any Encoder) throws {
    let key = stored.key
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(key.id.text, forKey: .id)
    try container.encode(key.prefix, forKey: .prefix)
    try container.encode(key.name, forKey: .name)
    try container.encode(key.description, forKey: .description)
    try container.encode(key.kind, forKey: .kind)
    try container.encode(key.keyClass, forKey: .keyClass)
    try container.encode(stored.owner?.name, forKey: .owner)
    try container.encode(key.scopes, forKey: .scopes)
    try container.encode(key.state(at: now), forKey: .state)
    try container.encode(key.createdAt, forKey: .createdAt)
    try container.encode(key.createdBy, forKey: .createdBy)
    try container.encode(key.expiresAt, forKey: .expiresAt)
    try container.encode(key.lastUsedAt, forKey: .lastUsedAt)
    try container.encode(RotationResource(key, at: now), forKey: .rotation)
    try container.encode(key.metadata, forKey: .metadata)
  }
}
