import COpenSSL
import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// HMAC-SHA-256 under a pepper, by OpenSSL: `hmac_sha256$VERSION$SALT$BASE64`, such as
/// `hmac_sha256$v2$…$…`, with 16 bytes of salt and 32 of digest in base64.
///
/// The MAC is taken of everything up to the last `$` (algorithm, version and salt, which hold none
/// themselves) followed by the secret. It costs about a microsecond, so it is for secrets with 128
/// bits of entropy or more, as every token's is, and never for passwords. Without the pepper a
/// stolen store does not even allow guessing.
///
/// The first pepper writes, all verify. To rotate: put a new one first, keep the old one until
/// every key has been used (each is re-hashed at its next use) or rotated, then drop it.
///
/// Threading: any thread; several calls at once.
public struct HMACSHA256Hasher: SecretHasher {
  private let peppers: [Pepper]
  private let writer: Pepper
  private let mac: HMACSHA256

  public var id: String { "hasher.hmac_sha256" }
  public var algorithm: String { HMACHash.algorithm }
  public var schemes: [String] { peppers.map { "\(algorithm)$\($0.version)" } }
  public var cost: HashCost { .fast }

  /// - Parameter peppers: at least one; the first hashes new secrets. Each version once.
  public init(peppers: [Pepper]) throws(ConfigurationFault) {
    guard let writer = peppers.first else {
      throw Pepper.fault(problem: "no pepper is given", remedy: "Name at least one file: v1=PATH.")
    }
    var versions: Set<String> = []
    for pepper in peppers where !versions.insert(pepper.version).inserted {
      throw Pepper.fault(
        value: pepper.version, problem: "two peppers have this version",
        remedy: "Give each pepper a version of its own.")
    }
    guard let mac = HMACSHA256() else {
      throw ConfigurationFault(
        plugin: "hasher.hmac_sha256", setting: "hash.preferred",
        problem: "OpenSSL offers no HMAC with SHA-256", remedy: "Use OpenSSL 3.0 or later.")
    }
    self.peppers = peppers
    self.writer = writer
    self.mac = mac
  }

  public func hash(_ request: HashRequest) throws(HasherError) -> EncodedHash {
    let salt = Data(request.primitives.randomBytes(HMACHash.saltLength)).base64EncodedString()
    let header = "\(algorithm)$\(writer.version)$\(salt)$"
    let digest = try digest(Array(header.utf8), request.secret, pepper: writer)
    return EncodedHash(header + digest)
  }

  public func verify(_ request: VerifyRequest) throws(HasherError) -> Bool {
    let stored = try HMACHash(request.hash)
    guard let pepper = peppers.first(where: { $0.version.utf8.elementsEqual(stored.version) })
    else { throw .pepperMissing(version: String(decoding: stored.version, as: UTF8.self)) }
    let digest = Array(try digest(Array(stored.header), request.secret, pepper: pepper).utf8)
    let expected = Array(stored.digest)
    return digest.count == expected.count && CRYPTO_memcmp(digest, expected, digest.count) == 0
  }

  public func needsRehash(_ hash: EncodedHash) -> Bool {
    guard let stored = try? HMACHash(hash) else { return true }
    return !stored.version.elementsEqual(writer.version.utf8)
  }

  /// The digest in base64. Encoding is one to one, so that comparing the texts is comparing the
  /// digests.
  private func digest(
    _ header: [UInt8], _ secret: Secret, pepper: Pepper
  ) throws(HasherError) -> String {
    guard let digest = mac.digest(key: pepper.secret, header: header, message: secret) else {
      throw .failed(algorithm: algorithm, reason: "EVP_MAC failed")
    }
    return Data(digest).base64EncodedString()
  }
}
