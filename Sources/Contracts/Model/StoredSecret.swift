#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One row of a key's secrets: the encoded hash and its dates.
public struct StoredSecret: Sendable, Equatable {
  /// Identifies the row for ever: what the verdict cache remembers a token to match.
  public let id: UUID
  /// All that is kept of it.
  public var hash: EncodedHash
  /// The name of the ``TokenFormat`` that built this secret's token.
  public let format: String
  /// When the key was made or rotated to it.
  public let createdAt: Timestamp
  /// While a rotation's overlap is open, the moment at which this (older) secret dies.
  public var endsAt: Timestamp?
  /// When it was used last, as far as usage has been written.
  public var lastUsedAt: Timestamp?
  /// From where it was used since it is the older one.
  public var addresses: AddressSet

  public init(
    id: UUID, hash: EncodedHash, format: String, createdAt: Timestamp, endsAt: Timestamp? = nil,
    lastUsedAt: Timestamp? = nil, addresses: AddressSet = AddressSet()
  ) {
    self.id = id
    self.hash = hash
    self.format = format
    self.createdAt = createdAt
    self.endsAt = endsAt
    self.lastUsedAt = lastUsedAt
    self.addresses = addresses
  }
}

extension [StoredSecret] {
  /// These with what re-hash and usage have written into a store's rows, `stored`, since they were read from it: that
  /// raises no revision, so compare-and-swap does not tell.
  package func keepingWork(of stored: [StoredSecret]) -> [StoredSecret] {
    map { secret in
      guard let earlier = stored.first(where: { $0.id == secret.id }) else { return secret }
      var secret = secret
      secret.hash = earlier.hash
      secret.lastUsedAt = [secret.lastUsedAt, earlier.lastUsedAt].compactMap { $0 }.max()
      var addresses = earlier.addresses
      addresses.formUnion(secret.addresses)
      secret.addresses = addresses
      return secret
    }
  }
}
