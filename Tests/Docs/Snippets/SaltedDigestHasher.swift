import CardeaContracts

/// `sha256_salted$<salt>$<digest>`, both in hexadecimal: for random secrets only.
public struct SaltedDigestHasher: SecretHasher {
  public let id = "hasher.sha256_salted"
  public let algorithm = "sha256_salted"
  public let cost = HashCost.fast
  private let primitives: any Primitives

  public init(primitives: any Primitives) { self.primitives = primitives }

  public func hash(_ request: HashRequest) throws(HasherError) -> EncodedHash {
    let salt = hexadecimal(request.primitives.randomBytes(16))
    return EncodedHash("\(algorithm)$\(salt)$\(digest(of: request.secret, salt: salt))")
  }

  public func verify(_ request: VerifyRequest) throws(HasherError) -> Bool {
    let fields = request.hash.fields.map { Array($0.utf8) }
    guard fields.count == 3, fields[0] == Array(algorithm.utf8), isHexadecimal(fields[1], 32),
      isHexadecimal(fields[2], 64)
    else { throw .unreadable(algorithm: algorithm) }
    let expected = digest(of: request.secret, salt: String(request.hash.fields[1]))
    return primitives.equal(fields[2], Array(expected.utf8))
  }

  public func needsRehash(_ hash: EncodedHash) -> Bool { false }

  private func digest(of secret: Secret, salt: String) -> String {
    hexadecimal(
      primitives.sha256(Array(salt.utf8) + secret.withUnsafeBytes { Array($0) }).bytes)
  }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
  let digits = Array("0123456789abcdef".utf8)
  return String(
    decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

private func isHexadecimal(_ bytes: [UInt8], _ count: Int) -> Bool {
  bytes.count == count && bytes.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
}
