import CardeaContracts

/// A link that was just made: `{"url", "expires_at"}`. It goes to the caller that asked for it, once; never log or keep
/// what this encodes to.
struct PortalLinkResource: Encodable, Sendable {
  let url: String
  let expiresAt: Timestamp

  private enum CodingKeys: String, CodingKey {
    case url
    case expiresAt = "expires_at"
  }
}
