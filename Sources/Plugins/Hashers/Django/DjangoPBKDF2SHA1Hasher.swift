import COpenSSL
import CardeaContracts

/// Verifies `pbkdf2_sha1$ITERATIONS$SALT$BASE64`, Django's spelling for systems that have no other. At most
/// 10,000,000 iterations are run.
///
/// Threading: any thread; several calls at once.
public struct DjangoPBKDF2SHA1Hasher: VerifyOnlyHasher {
  public let id = "hasher.pbkdf2_sha1"
  public let algorithm = "pbkdf2_sha1"
  public let cost = HashCost.slow

  public init() {}

  public func verify(_ request: VerifyRequest) throws(HasherError) -> Bool {
    try read(request.hash).matches(request.secret, EVP_sha1())
  }

  public func check(_ hash: EncodedHash) throws(HasherError) { _ = try read(hash) }

  private func read(_ hash: EncodedHash) throws(HasherError) -> DjangoPBKDF2 {
    try DjangoPBKDF2(hash, algorithm: algorithm, count: 20)
  }
}
