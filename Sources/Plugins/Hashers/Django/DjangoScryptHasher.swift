import COpenSSL
import CardeaContracts

/// Verifies `scrypt$N$SALT$R$P$BASE64` (RFC 7914) as Django writes it. More than 512 MiB (128 × N × r) or a
/// parallelization of 16 is not run.
///
/// Threading: any thread; several calls at once, each with memory of its own.
public struct DjangoScryptHasher: VerifyOnlyHasher {
  public let id = "hasher.scrypt"
  public let algorithm = "scrypt"
  public let cost = HashCost.slow

  private static let mostBytes = 512 << 20
  private static let digestLength = 64

  public init() {}

  public func verify(_ request: VerifyRequest) throws(HasherError) -> Bool {
    let stored = try Parameters(request.hash, algorithm: algorithm)
    var output = [UInt8](repeating: 0, count: DjangoScryptHasher.digestLength)
    let succeeded = request.secret.withUnsafeBytes { bytes in
      // OpenSSL counts what lies around the memory itself too.
      EVP_PBE_scrypt(
        bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, stored.salt,
        stored.salt.count, UInt64(stored.n), UInt64(stored.r), UInt64(stored.p),
        UInt64(DjangoScryptHasher.mostBytes + (1 << 20)), &output, output.count)
    }
    guard succeeded == 1 else {
      ERR_clear_error()
      throw .failed(algorithm: algorithm, reason: "EVP_PBE_scrypt failed")
    }
    return DjangoHash.equal(output, stored.digest)
  }

  public func check(_ hash: EncodedHash) throws(HasherError) {
    _ = try Parameters(hash, algorithm: algorithm)
  }

  private struct Parameters {
    let n: Int
    let r: Int
    let p: Int
    let salt: [UInt8]
    let digest: [UInt8]

    init(_ hash: EncodedHash, algorithm: String) throws(HasherError) {
      let fields = try DjangoHash(hash, algorithm: algorithm, count: 6)
      // With r = 1 the ceiling allows N = 2^22, with N = 2 it allows r = 2^21.
      n = try fields.number(1, upTo: 1 << 22, "512 MiB")
      salt = try fields.salt(2)
      r = try fields.number(3, upTo: 1 << 21, "512 MiB")
      p = try fields.number(4, upTo: 16, "a parallelization of 16")
      digest = try fields.base64(5, count: DjangoScryptHasher.digestLength)
      guard 128 * n * r <= DjangoScryptHasher.mostBytes else {
        throw .beyondCeiling(algorithm: algorithm, limit: "512 MiB")
      }
      // RFC 7914, section 2: a power of 2 above 1.
      guard n > 1, n & (n - 1) == 0 else { throw fields.unreadable }
    }
  }
}
