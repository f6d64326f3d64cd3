import CardeaContracts

/// An open rotation: until when the old secret works on, when it was last used, and from how many addresses since
/// the rotation began (``AddressSet/limit`` means so many or more; `nil` if it was used and no client had
/// an address).
public struct RotationResource: Encodable, Sendable {
  /// Until when the old secret works on.
  public let overlapUntil: Timestamp
  /// When the old secret was used last, as far as usage has been written.
  public let oldSecretLastUsedAt: Timestamp?
  /// From how many addresses it was used since the rotation began.
  public let oldSecretAddresses: Int?

  /// `nil` unless a rotation's overlap is open at that moment.
  public init?(_ key: KeyRecord, at now: Timestamp) {
    guard let end = key.openOverlap(at: now),
      let old = key.secrets.first(where: { $0.endsAt == end })
    else { return nil }
    overlapUntil = end
    oldSecretLastUsedAt = old.lastUsedAt
    let isUnknown = old.lastUsedAt != nil && old.addresses.count == 0
    oldSecretAddresses = isUnknown ? nil : old.addresses.count
  }

  private enum CodingKeys: String, CodingKey {
    case overlapUntil = "overlap_until"
    case oldSecretLastUsedAt = "old_secret_last_used_at"
    case oldSecretAddresses = "old_secret_addresses"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(overlapUntil, forKey: .overlapUntil)
    try container.encode(oldSecretLastUsedAt, forKey: .oldSecretLastUsedAt)
    try container.encode(oldSecretAddresses, forKey: .oldSecretAddresses)
  }
}
