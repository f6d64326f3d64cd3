import CardeaLifecycle

/// A key after a change: `{"key", "receipt"}`; or as it would be, after a dry run: `{"key", "dry_run": true}`.
public struct ChangedKeyResource: Encodable, Sendable {
  public let key: KeyResource
  /// `nil` after a dry run.
  public let receipt: Receipt?

  public init(_ changed: ChangedKey, at now: Timestamp, dryRun: Bool = false) {
    key = KeyResource(changed.stored, at: now)
    receipt = dryRun ? nil : changed.receipt
  }

  /// What would have been issued: nobody gets to see the token, which nothing knows.
  public init(rehearsed issued: IssuedKey, at now: Timestamp) {
    key = KeyResource(issued.stored, at: now)
    receipt = nil
  }

  private enum CodingKeys: String, CodingKey {
    case key, receipt
    case dryRun = "dry_run"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(key, forKey: .key)
    if let receipt {
      try container.encode(receipt, forKey: .receipt)
    } else {
      try container.encode(true, forKey: .dryRun)
    }
  }
}
