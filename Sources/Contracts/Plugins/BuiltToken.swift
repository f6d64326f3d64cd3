/// A token just made.
public struct BuiltToken: Sendable {
  /// The whole string that the client will send.
  public let token: Secret
  /// The public part, by which the key is looked up.
  public let prefix: String
  /// The part that is hashed.
  public let secret: Secret

  public init(token: Secret, prefix: String, secret: Secret) {
    self.token = token
    self.prefix = prefix
    self.secret = secret
  }
}
