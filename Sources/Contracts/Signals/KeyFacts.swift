#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a signal tells of a key. No secret, no hash. A reference, so that handing a signal on copies nothing.
public struct KeyFacts: Sendable, Equatable, Codable {
  private let held: Held

  private final class Held: Sendable {
    let fields: Fields
    init(_ fields: Fields) { self.fields = fields }
  }

  private struct Fields: Sendable, Equatable, Decodable {
    let id: UUID
    let prefix: String
    let name: String
    let kind: KeyRecord.Kind
    let keyClass: String
    let owner: String?
    let scopes: ScopeSet
    let state: KeyState
    let expiresAt: Timestamp?

    enum CodingKeys: String, CodingKey {
      case id, prefix, name, kind, owner, scopes, state
      case keyClass = "class"
      case expiresAt = "expires_at"
    }
  }

  public var id: UUID { held.fields.id }
  public var prefix: String { held.fields.prefix }
  public var name: String { held.fields.name }
  public var kind: KeyRecord.Kind { held.fields.kind }
  public var keyClass: String { held.fields.keyClass }
  /// The owner's name, if the key has an owner.
  public var owner: String? { held.fields.owner }
  public var scopes: ScopeSet { held.fields.scopes }
  public var state: KeyState { held.fields.state }
  public var expiresAt: Timestamp? { held.fields.expiresAt }

  public init(_ stored: StoredKey, at now: Timestamp) {
    let key = stored.key
    held = Held(
      Fields(
        id: key.id, prefix: key.prefix, name: key.name, kind: key.kind, keyClass: key.keyClass,
        owner: stored.owner?.name, scopes: key.scopes, state: key.state(at: now),
        expiresAt: key.expiresAt))
  }

  public init(from decoder: any Decoder) throws { held = Held(try Fields(from: decoder)) }

  public static func == (left: KeyFacts, right: KeyFacts) -> Bool {
    left.held.fields == right.held.fields
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Fields.CodingKeys.self)
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
