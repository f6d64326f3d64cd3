import CardeaContracts

/// Verifies `sha256$$HEX`: the bare SHA-256 of a key that came in clear, which is all that an import keeps of
/// it. It says as much as the key is hard to guess, until the first good use moves it to the preferred hasher.
///
/// Threading: any thread; several calls at once.
public struct BareSHA256Hasher: VerifyOnlyHasher {
  public let id = "hasher.sha256"
  public let algorithm = "sha256"
  public let cost = HashCost.fast

  public init() {}

  public func verify(_ request: VerifyRequest) throws(HasherError) -> Bool {
    let digest = try read(request.hash)
    return DjangoHash.equal(
      try OpenSSLDigest.sha256.of(request.secret, algorithm: algorithm), digest)
  }

  public func check(_ hash: EncodedHash) throws(HasherError) { _ = try read(hash) }

  private func read(_ hash: EncodedHash) throws(HasherError) -> [UInt8] {
    let fields = try DjangoHash(hash, algorithm: algorithm, count: 3)
    try fields.expect(1, "")
    return try fields.hexadecimal(2, count: OpenSSLDigest.sha256.count)
  }
}
