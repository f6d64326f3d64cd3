import CardeaKernel

/// A key after a change: `{"key", "receipt"}`.
public struct ChangedKeyResource: Encodable, Sendable {
  public let key: KeyResource
  public let receipt: Receipt

  public init(_ changed: ChangedKey, at now: Timestamp) {
    key = KeyResource(changed.stored, at: now)
    receipt = changed.receipt
  }

  private enum CodingKeys: String, CodingKey { case key, receipt }
}
