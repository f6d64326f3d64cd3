/// What a token is to be made of.
public struct TokenRequest: Sendable {
  /// 1 to 246 bytes of printable ASCII without `:`.
  public let namespace: String
  /// Characters of the identifier.
  public let identifierLength: Int
  /// Characters of the secret, 16 to 128.
  public let secretLength: Int
  /// The prefix to keep, when a key is rotated.
  public let prefix: String?
  /// Source of randomness.
  public let primitives: any Primitives

  public init(
    namespace: String, identifierLength: Int, secretLength: Int, prefix: String? = nil,
    primitives: any Primitives
  ) {
    self.namespace = namespace
    self.identifierLength = identifierLength
    self.secretLength = secretLength
    self.prefix = prefix
    self.primitives = primitives
  }
}
