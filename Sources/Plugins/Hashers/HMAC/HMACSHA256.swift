import COpenSSL
import CardeaContracts

/// HMAC-SHA-256 (RFC 2104, FIPS 198-1) by OpenSSL's `EVP_MAC`.
///
/// The algorithm is fetched once; each call has a context of its own.
///
/// Threading: any thread; several calls at once.
// @unchecked: `EVP_MAC` is immutable and reference-counted atomically; OpenSSL allows sharing it.
package final class HMACSHA256: @unchecked Sendable {
  private let algorithm: OpaquePointer
  private static let digestLength = 32

  /// `nil` if OpenSSL has no HMAC.
  package init?() {
    guard let algorithm = EVP_MAC_fetch(nil, "HMAC", nil) else {
      ERR_clear_error()
      return nil
    }
    self.algorithm = algorithm
  }

  deinit { EVP_MAC_free(algorithm) }

  /// The MAC of `header` followed by `message`; `nil` if OpenSSL fails.
  package func digest(key: Secret, header: [UInt8], message: Secret) -> [UInt8]? {
    guard let context = EVP_MAC_CTX_new(algorithm) else { return failure() }
    defer { EVP_MAC_CTX_free(context) }
    guard start(context, key: key) else { return failure() }
    var updated = header.isEmpty || EVP_MAC_update(context, header, header.count) == 1
    updated =
      updated
      && message.withUnsafeBytes { bytes in
        let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        return bytes.isEmpty || EVP_MAC_update(context, base, bytes.count) == 1
      }
    var output = [UInt8](repeating: 0, count: HMACSHA256.digestLength)
    var length = 0
    guard updated, EVP_MAC_final(context, &output, &length, output.count) == 1,
      length == output.count
    else { return failure() }
    return output
  }

  private func start(_ context: OpaquePointer, key: Secret) -> Bool {
    var name = Array("SHA256".utf8CString)
    return name.withUnsafeMutableBufferPointer { name in
      let parameters = [
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.baseAddress, 0),
        OSSL_PARAM_construct_end(),
      ]
      return key.withUnsafeBytes { bytes in
        let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        return EVP_MAC_init(context, base, bytes.count, parameters) == 1
      }
    }
  }

  /// Leaves nothing in this thread's error queue for others to find.
  private func failure() -> [UInt8]? {
    ERR_clear_error()
    return nil
  }
}
