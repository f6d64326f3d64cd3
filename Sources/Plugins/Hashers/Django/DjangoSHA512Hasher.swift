import CardeaContracts

/// Verifies `sha512$$HEX`, the unsalted SHA-512 that djangorestframework-api-key 3 makes of its random keys.
///
/// Threading: any thread; several calls at once.
public struct DjangoSHA512Hasher: VerifyOnlyHasher {
  public let id = "hasher.sha512"
  public let algorithm = "sha512"
  public let cost = HashCost.fast

  public init() {}

  public func verify(_ request: VerifyRequest) throws(HasherError) -> Bool {
    let digest = try read(request.hash)
    return DjangoHash.equal(
      try OpenSSLDigest.sha512.of(request.secret, algorithm: algorithm), digest)
  }

  public func check(_ hash: EncodedHash) throws(HasherError) { _ = try read(hash) }

  private func read(_ hash: EncodedHash) throws(HasherError) -> [UInt8] {
    let fields = try DjangoHash(hash, algorithm: algorithm, count: 3)
    try fields.expect(1, "")
    return try fields.hexadecimal(2, count: OpenSSLDigest.sha512.count)
  }
}
