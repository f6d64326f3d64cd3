internal import CScrypt
public import CardeaContracts
internal import Foundation

/// scrypt (RFC 7914) by OpenSSL: `scrypt_example$COST$SALT$DIGEST` with N = 2^COST, r = 8, p = 1,
/// salt and digest in base64.
///
/// A cost of 14 takes 16 MiB and some 50 ms. Verifying takes at most 19, which are 512 MiB.
public struct ScryptHasher: SecretHasher, ConfigurablePlugin {
  public static let id = "hasher.scrypt_example"
  public static let settings = [
    SettingDeclaration("cost", .integer, default: "14", "Log2 of scrypt's N, 10 to 19.")
  ]

  public let algorithm = "scrypt_example"
  public let cost = HashCost.slow
  private let exponent: Int

  public init(exponent: Int = 14) { self.exponent = min(max(exponent, 10), 19) }

  public static func make(settings: SettingValues) throws(ConfigurationFault) -> ScryptHasher? {
    let exponent = settings.integer("cost") ?? 14
    guard (10...19).contains(exponent) else {
      throw ConfigurationFault(
        plugin: id, setting: "plugins.\(id).cost", value: "\(exponent)",
        problem: "it is not between 10 and 19", remedy: "Leave it out for 14.")
    }
    return ScryptHasher(exponent: exponent)
  }

  public func hash(_ request: HashRequest) throws(HasherError) -> EncodedHash {
    let salt = Data(request.primitives.randomBytes(16))
    let digest = try derive(request.secret, salt: salt, exponent: exponent)
    return EncodedHash(
      "\(algorithm)$\(exponent)$\(salt.base64EncodedString())$\(digest.base64EncodedString())")
  }

  public func verify(_ request: VerifyRequest) throws(HasherError) -> Bool {
    let fields = request.hash.fields
    // Looking the number up instead of reading it leaves one spelling of each and no overflow.
    guard fields.count == 4, fields[0] == algorithm,
      let exponent = (10...63).first(where: { "\($0)" == fields[1] }),
      let salt = Data(base64Encoded: String(fields[2])), salt.count >= 8,
      let digest = Data(base64Encoded: String(fields[3])), digest.count == 32
    else { throw .unreadable(algorithm: algorithm) }
    guard exponent <= 19 else { throw .beyondCeiling(algorithm: algorithm, limit: "512 MiB") }
    let found = try derive(request.secret, salt: salt, exponent: exponent)
    return CRYPTO_memcmp(Array(found), Array(digest), 32) == 0
  }

  public func needsRehash(_ hash: EncodedHash) -> Bool {
    hash.fields.count != 4 || hash.fields[1] != "\(exponent)"
  }

  private func derive(_ secret: Secret, salt: Data, exponent: Int) throws(HasherError) -> Data {
    var digest = [UInt8](repeating: 0, count: 32)
    let result = secret.withUnsafeBytes { password in
      // OpenSSL counts a little more than 128 * N * r bytes against the limit.
      EVP_PBE_scrypt(
        password.baseAddress, password.count, Array(salt), salt.count, 1 << UInt64(exponent), 8, 1,
        1 << 30, &digest, digest.count)
    }
    guard result == 1 else { throw .failed(algorithm: algorithm, reason: "EVP_PBE_scrypt failed") }
    return Data(digest)
  }
}
