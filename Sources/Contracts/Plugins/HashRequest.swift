/// What a hasher hashes.
public struct HashRequest: Sendable {
  /// What is to be hashed.
  public let secret: Secret
  /// Source of the salt.
  public let primitives: any Primitives

  public init(secret: Secret, primitives: any Primitives) {
    self.secret = secret
    self.primitives = primitives
  }
}
