/// A key that was just made or given a new secret: the only time its token is seen.
public struct IssuedKey: Sendable {
  /// The key as it is now, or would be after a rehearsal.
  public let stored: StoredKey
  /// The token. ``Secret/reveal()`` it to its user, once.
  public let token: Secret
  /// By when every node obeys.
  public package(set) var receipt: Receipt
}
