/// What a hasher verifies.
public struct VerifyRequest: Sendable {
  /// What was presented.
  public let secret: Secret
  /// What it is compared with.
  public let hash: EncodedHash

  public init(secret: Secret, hash: EncodedHash) {
    self.secret = secret
    self.hash = hash
  }
}
