import COpenSSL
import CardeaContracts

/// The bare function, as OpenSSL computes it.
package enum PBKDF2 {
  /// Bytes of digest: the output of SHA-512, so that one block suffices.
  package static let digestLength = 64

  /// PBKDF2-HMAC-SHA-512 of `secret`.
  /// - Parameters:
  ///   - iterations: at least 1.
  ///   - count: bytes to derive.
  package static func derive(
    _ secret: Secret, salt: [UInt8], iterations: Int, count: Int = digestLength
  ) throws(HasherError) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: count)
    let succeeded = secret.withUnsafeBytes { bytes -> Bool in
      guard let length = Int32(exactly: bytes.count), let saltLength = Int32(exactly: salt.count),
        let iterations = Int32(exactly: iterations), let count = Int32(exactly: count)
      else { return false }
      let password = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
      return PKCS5_PBKDF2_HMAC(
        password, length, salt, saltLength, iterations, EVP_sha512(), count, &output) == 1
    }
    guard succeeded else {
      ERR_clear_error()
      throw .failed(algorithm: PBKDF2Hash.algorithm, reason: "PKCS5_PBKDF2_HMAC failed")
    }
    return output
  }
}
