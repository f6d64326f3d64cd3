/// A session that was just made, and its token.
public struct IssuedSession: Sendable {
  public let session: SessionFacts
  /// ``Secret/reveal()`` it to its user, once.
  public let token: Secret
}
