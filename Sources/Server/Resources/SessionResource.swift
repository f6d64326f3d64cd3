import CardeaContracts

/// A session as the HTTP contract writes it. Never its token.
public struct SessionResource: Encodable, Sendable {
  private let session: SessionFacts

  public init(_ session: SessionFacts) { self.session = session }

  private enum CodingKeys: String, CodingKey {
    case id, scopes
    case keyID = "key_id"
    case createdAt = "created_at"
    case expiresAt = "expires_at"
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(session.id.text, forKey: .id)
    try container.encode(session.keyID.text, forKey: .keyID)
    try container.encode(session.scopes, forKey: .scopes)
    try container.encode(session.issuedAt, forKey: .createdAt)
    try container.encode(session.expiresAt, forKey: .expiresAt)
  }
}
