import COpenSSL
import CardeaContracts

/// `ALGORITHM$ITERATIONS$SALT$BASE64`: PBKDF2 (RFC 8018, section 5.2) as Django writes it, taken apart.
struct DjangoPBKDF2 {
  /// The most iterations that are run.
  static let maximumIterations = 10_000_000

  private let algorithm: String
  private let iterations: Int
  private let salt: [UInt8]
  private let digest: [UInt8]

  /// - Parameter count: bytes of digest, those of the hash function's output.
  init(_ hash: EncodedHash, algorithm: String, count: Int) throws(HasherError) {
    let fields = try DjangoHash(hash, algorithm: algorithm, count: 4)
    self.algorithm = algorithm
    iterations = try fields.number(
      1, upTo: DjangoPBKDF2.maximumIterations, "\(DjangoPBKDF2.maximumIterations) iterations")
    salt = try fields.salt(2)
    digest = try fields.base64(3, count: count)
  }

  /// Whether the secret is the one that was hashed.
  func matches(_ secret: Secret, _ function: OpaquePointer?) throws(HasherError) -> Bool {
    var output = [UInt8](repeating: 0, count: digest.count)
    let succeeded = secret.withUnsafeBytes { bytes -> Bool in
      guard let length = Int32(exactly: bytes.count), let saltLength = Int32(exactly: salt.count),
        let iterations = Int32(exactly: iterations), let count = Int32(exactly: output.count)
      else { return false }
      let password = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
      return PKCS5_PBKDF2_HMAC(
        password, length, salt, saltLength, iterations, function, count, &output) == 1
    }
    guard succeeded else {
      ERR_clear_error()
      throw .failed(algorithm: algorithm, reason: "PKCS5_PBKDF2_HMAC failed")
    }
    return DjangoHash.equal(output, digest)
  }
}
