import COpenSSL
import CardeaContracts

/// Plain digests by OpenSSL.
enum OpenSSLDigest {
  case sha256, sha512

  /// Bytes of output.
  var count: Int { self == .sha256 ? 32 : 64 }

  /// The digest of the secret's bytes.
  func of(_ secret: Secret, algorithm: String) throws(HasherError) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: count)
    var length: UInt32 = 0
    let succeeded = secret.withUnsafeBytes { bytes in
      EVP_Digest(
        bytes.baseAddress, bytes.count, &output, &length,
        self == .sha256 ? EVP_sha256() : EVP_sha512(), nil)
    }
    guard succeeded == 1, Int(length) == count else {
      ERR_clear_error()
      throw .failed(algorithm: algorithm, reason: "EVP_Digest failed")
    }
    return output
  }
}
