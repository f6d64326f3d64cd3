#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a signal tells of a key. No secret, no hash.
public struct KeyFacts: Sendable, Equatable, Codable {
  public let id: UUID
  public let prefix: String
  public let name: String
  public let kind: KeyRecord.Kind
  public let keyClass: String
  /// The owner's name, if the key has an owner.
  public let owner: String?
  public let scopes: ScopeSet
  public let state: KeyState
  public let expiresAt: Timestamp?

  public init(_ stored: StoredKey, at now: Timestamp) {
    let key = stored.key
    id = key.id
    prefix = key.prefix
    name = key.name
    kind = key.kind
    keyClass = key.keyClass
    owner = stored.owner?.name
    scopes = key.scopes
    state = key.state(at: now)
    expiresAt = key.expiresAt
  }

  private enum CodingKeys: String, CodingKey {
    case id, prefix, name, kind, owner, scopes, state
    case keyClass = "class"
    case expiresAt = "expires_at"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id.text, forKey: .id)
    try container.encode(prefix, forKey: .prefix)
    try container.encode(name, forKey: .name)
    try container.encode(kind, forKey: .kind)
    try container.encode(keyClass, forKey: .keyClass)
    try container.encodeIfPresent(owner, forKey: .owner)
    try container.encode(scopes, forKey: .scopes)
    try container.encode(state, forKey: .state)
    try container.encodeIfPresent(expiresAt, forKey: .expiresAt)
  }
}

/// What a signal tells of an owner.
public struct OwnerFacts: Sendable, Equatable, Codable {
  public let id: UUID
  public let kind: OwnerRecord.Kind
  public let name: String
  public let maxKeys: Int
  public let disabled: Bool

  public init(_ owner: OwnerRecord) {
    id = owner.id
    kind = owner.kind
    name = owner.name
    maxKeys = owner.maxKeys
    disabled = owner.disabled
  }

  private enum CodingKeys: String, CodingKey {
    case id, kind, name, disabled
    case maxKeys = "max_keys"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id.text, forKey: .id)
    try container.encode(kind, forKey: .kind)
    try container.encode(name, forKey: .name)
    try container.encode(maxKeys, forKey: .maxKeys)
    try container.encode(disabled, forKey: .disabled)
  }
}
