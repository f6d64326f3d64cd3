#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What was gathered about a secret's use since the last flush.
public struct KeyUsage: Sendable, Equatable {
  /// That of the key.
  public let prefix: String
  /// ``StoredSecret/id``.
  public let secretID: UUID
  /// How often it was used.
  public let count: Int64
  /// When it was used last.
  public let lastUsedAt: Timestamp
  /// From where it was used; noted of the older secret of a rotation only.
  public let addresses: AddressSet

  public init(
    prefix: String, secretID: UUID, count: Int64, lastUsedAt: Timestamp,
    addresses: AddressSet = AddressSet()
  ) {
    self.prefix = prefix
    self.secretID = secretID
    self.count = count
    self.lastUsedAt = lastUsedAt
    self.addresses = addresses
  }
}
