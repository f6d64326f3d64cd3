/// A key that was just made or given a new secret: the only time its token is seen.
public struct IssuedKey: Sendable {
  public let stored: StoredKey
  /// The token. ``Secret/reveal()`` it to its user, once.
  public let token: Secret
  public package(set) var receipt: Receipt
}
