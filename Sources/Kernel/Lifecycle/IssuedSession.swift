/// A session that was just made, and its token.
public struct IssuedSession: Sendable {
  public let session: SessionFacts
  public let token: Secret
}
