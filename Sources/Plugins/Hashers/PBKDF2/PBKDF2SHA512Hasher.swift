import COpenSSL
import CardeaContracts

/// PBKDF2-HMAC-SHA-512 (RFC 8018, section 5.2) by OpenSSL, written as Django writes it:
/// `pbkdf2_sha512$ITERATIONS$SALT$BASE64`, with 64 bytes of digest and the salt's characters
/// themselves as its bytes. Hashes that django-keysmith made verify as they are.
///
/// The default of 100,000 iterations is django-keysmith's. OWASP (Password Storage Cheat Sheet)
/// asks for about twice as many for passwords, which people choose; a token's secret of 32 random
/// characters is beyond guessing at any speed. Verifying refuses hashes of over 10,000,000
/// iterations before it runs anything.
///
/// PBKDF2 cannot tell `k` from `k` followed by NUL bytes (HMAC pads short keys with zeros). No
/// token format lets a NUL through, so no two tokens are alike to it.
///
/// Threading: any thread; several calls at once.
public struct PBKDF2SHA512Hasher: SecretHasher {
  /// What `init` takes: fewer iterations are a fault, and so are more than any verifier allows.
  public static let allowedIterations = 10_000...10_000_000

  /// Rounds of new hashes.
  public let iterations: Int

  public var id: String { "hasher.pbkdf2_sha512" }
  public var algorithm: String { PBKDF2Hash.algorithm }
  public var cost: HashCost { .slow }

  /// - Parameter iterations: for new hashes, 10,000 to 10,000,000.
  public init(iterations: Int = 100_000) throws(ConfigurationFault) {
    guard PBKDF2SHA512Hasher.allowedIterations.contains(iterations) else {
      throw ConfigurationFault(
        plugin: "hasher.pbkdf2_sha512", setting: "hash.pbkdf2_iterations", value: "\(iterations)",
        problem: "it is not between 10,000 and 10,000,000",
        remedy: "Leave it out for 100,000, or choose a number in that range.")
    }
    self.iterations = iterations
  }

  public func hash(_ request: HashRequest) throws(HasherError) -> EncodedHash {
    let salt = PBKDF2Salt.fresh(from: request.primitives)
    let digest = try PBKDF2.derive(request.secret, salt: salt, iterations: iterations)
    return PBKDF2Hash(iterations: iterations, salt: salt, digest: digest).encoded
  }

  public func verify(_ request: VerifyRequest) throws(HasherError) -> Bool {
    let stored = try PBKDF2Hash(request.hash)
    let digest = try PBKDF2.derive(
      request.secret, salt: stored.salt, iterations: stored.iterations)
    return digest.count == stored.digest.count
      && CRYPTO_memcmp(digest, stored.digest, digest.count) == 0
  }

  public func check(_ hash: EncodedHash) throws(HasherError) { _ = try PBKDF2Hash(hash) }

  public func needsRehash(_ hash: EncodedHash) -> Bool {
    guard let stored = try? PBKDF2Hash(hash) else { return true }
    return stored.iterations != iterations
  }
}
