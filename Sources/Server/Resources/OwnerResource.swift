import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An owner as the HTTP contract and `--json` write it.
public struct OwnerResource: Encodable, Sendable {
  private let owner: OwnerRecord

  public init(_ owner: OwnerRecord) { self.owner = owner }

  private enum CodingKeys: String, CodingKey {
    case id, kind, name, disabled, metadata, members
    case maxKeys = "max_keys"
    case createdAt = "created_at"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(owner.id.text, forKey: .id)
    try container.encode(owner.kind, forKey: .kind)
    try container.encode(owner.name, forKey: .name)
    try container.encode(owner.maxKeys, forKey: .maxKeys)
    try container.encode(owner.disabled, forKey: .disabled)
    try container.encode(owner.createdAt, forKey: .createdAt)
    try container.encode(owner.metadata, forKey: .metadata)
    try container.encode(owner.members, forKey: .members)
  }
}
