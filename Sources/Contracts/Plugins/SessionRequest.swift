/// What a session token is to be made for.
public struct SessionRequest: Sendable {
  /// The session that the token is to stand for.
  public let session: SessionFacts
  /// The verified key.
  public let identity: Identity

  public init(session: SessionFacts, identity: Identity) {
    self.session = session
    self.identity = identity
  }
}
