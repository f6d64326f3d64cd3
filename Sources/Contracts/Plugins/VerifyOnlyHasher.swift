/// A hasher for hashes that another system made: it verifies them and makes none.
///
/// It can't be preferred (a fault when the kernel is built), and every hash of its algorithm is due to be made
/// again: the first good use moves the secret to the preferred hasher.
public protocol VerifyOnlyHasher: SecretHasher {}

extension VerifyOnlyHasher {
  /// Always throws.
  public func hash(_ request: HashRequest) throws(HasherError) -> EncodedHash {
    throw .failed(algorithm: algorithm, reason: "it only verifies hashes that were made elsewhere")
  }

  /// Always `true`.
  public func needsRehash(_ hash: EncodedHash) -> Bool { true }
}
