import CardeaLifecycle

/// An owner after a change: `{"owner", "receipt"}`, and `key` and `token` too if a first key was issued with it; or as
/// it would be, after a dry run: `{"owner", "dry_run": true}`, and `key`.
///
/// With ``IssuedKeyResource`` the only place where a token is written out.
public struct ChangedOwnerResource: Encodable, Sendable {
  public let owner: OwnerResource
  /// `nil` after a dry run.
  public let receipt: Receipt?
  private let firstKey: IssuedKey?
  private let now: Timestamp

  public init(_ changed: ChangedOwner, at now: Timestamp, dryRun: Bool = false) {
    owner = OwnerResource(changed.owner)
    receipt = dryRun ? nil : changed.receipt
    firstKey = nil
    self.now = now
  }

  public init(_ created: CreatedOwner, at now: Timestamp, dryRun: Bool = false) {
    owner = OwnerResource(created.owner)
    receipt = dryRun ? nil : created.receipt
    firstKey = created.firstKey
    self.now = now
  }

  private enum CodingKeys: String, CodingKey {
    case owner, key, token, receipt
    case dryRun = "dry_run"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(owner, forKey: .owner)
    if let firstKey { try container.encode(KeyResource(firstKey.stored, at: now), forKey: .key) }
    guard let receipt else { return try container.encode(true, forKey: .dryRun) }
    if let firstKey { try container.encode(firstKey.token.reveal(), forKey: .token) }
    try container.encode(receipt, forKey: .receipt)
  }
}
