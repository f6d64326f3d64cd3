#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Who a key belongs to.
public struct OwnerRecord: Sendable, Equatable {
  /// Never changes.
  public let id: UUID
  public let kind: Kind
  /// 1 to 128 bytes of printable ASCII without space, comma, quotes or `%`; unique within its kind.
  public let name: String
  /// How many keys that are neither revoked nor purged it may have; -1 is unlimited.
  public var maxKeys: Int
  /// Whether every key of the owner is denied.
  public var disabled: Bool
  public let createdAt: Timestamp
  /// Free JSON, an object of at most 4 KiB.
  public var metadata: [String: JSONValue]
  /// The names of the users who belong to an organization, sorted; other kinds have none.
  public var members: [String]
  /// Raised by one with every change; what compare-and-swap compares.
  public var revision: Int64

  /// What kind of owner; names are unique within one.
  public enum Kind: String, Sendable, Codable, CaseIterable { case user, system, organization }

  public init(
    id: UUID, kind: Kind, name: String, maxKeys: Int = -1, disabled: Bool = false,
    createdAt: Timestamp, metadata: [String: JSONValue] = [:], members: [String] = [],
    revision: Int64 = 1
  ) {
    self.id = id
    self.kind = kind
    self.name = name
    self.maxKeys = maxKeys
    self.disabled = disabled
    self.createdAt = createdAt
    self.metadata = metadata
    self.members = members
    self.revision = revision
  }
}
