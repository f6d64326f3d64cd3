import CardeaLifecycle

/// A session that was just made: `{"session", "token"}`. The token goes to the caller that asked for it, once;
/// never log or keep what this encodes to.
public struct IssuedSessionResource: Encodable, Sendable {
  private let issued: IssuedSession

  public init(_ issued: IssuedSession) { self.issued = issued }

  private enum CodingKeys: String, CodingKey { case session, token }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(SessionResource(issued.session), forKey: .session)
    try container.encode(issued.token.reveal(), forKey: .token)
  }
}
