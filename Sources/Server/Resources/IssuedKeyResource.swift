import CardeaLifecycle

/// A key that was just made or given a new secret: `{"key", "token", "receipt"}`.
///
/// The one place where a token is written out. It goes to the caller that asked for it, once; never
/// log or keep what this encodes to.
public struct IssuedKeyResource: Encodable, Sendable {
  private let issued: IssuedKey
  private let now: Timestamp

  public init(_ issued: IssuedKey, at now: Timestamp) {
    self.issued = issued
    self.now = now
  }

  private enum CodingKeys: String, CodingKey { case key, token, receipt }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(KeyResource(issued.stored, at: now), forKey: .key)
    try container.encode(issued.token.reveal(), forKey: .token)
    try container.encode(issued.receipt, forKey: .receipt)
  }
}
