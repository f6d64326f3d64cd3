#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What was gathered about a secret's use since the last flush.
public struct KeyUsage: Sendable, Equatable {
  public let prefix: String
  public let secretID: UUID
  public let count: Int64
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
