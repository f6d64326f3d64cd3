/// What a hasher verifies.
public struct VerifyRequest: Sendable {
  public let secret: Secret
  public let hash: EncodedHash

  public init(secret: Secret, hash: EncodedHash) {
    self.secret = secret
    self.hash = hash
  }
}
