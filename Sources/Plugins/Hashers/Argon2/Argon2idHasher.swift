import CSodium
import CardeaContracts

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Argon2id (RFC 9106) by libsodium: `argon2id$v=19$m=KIBIBYTES,t=OPERATIONS,p=1$SALT$DIGEST`,
/// which is the string of libsodium's `crypto_pwhash_str` without its leading `$`.
///
/// The default of 2 passes over 19 MiB is OWASP's first recommendation (Password Storage Cheat
/// Sheet). libsodium draws the salt (16 bytes) itself and writes one lane only; it verifies strings
/// of several lanes too. Verifying refuses more than 512 MiB, 10 passes or 16 lanes before it runs
/// anything.
///
/// Threading: any thread; several calls at once, each with memory of its own.
public struct Argon2idHasher: SecretHasher {
  /// Passes that new hashes may ask for.
  public static let allowedOperations = 1...10
  /// Memory that new hashes may ask for, in MiB; OWASP's smallest recommendation takes 7.
  public static let allowedMebibytes = 7...512

  /// Passes over the memory of new hashes.
  public let operations: Int
  /// The memory that a new hash takes.
  public let mebibytes: Int

  public var id: String { "hasher.argon2id" }
  public var algorithm: String { Argon2Parameters.algorithm }
  public var cost: HashCost { .slow }

  /// - Parameters:
  ///   - operations: passes over the memory, 1 to 10.
  ///   - mebibytes: memory in MiB, 7 to 512.
  public init(operations: Int = 2, mebibytes: Int = 19) throws(ConfigurationFault) {
    guard Argon2idHasher.allowedOperations.contains(operations) else {
      throw ConfigurationFault(
        plugin: "hasher.argon2id", setting: "hash.argon2_ops", value: "\(operations)",
        problem: "it is not between 1 and 10", remedy: "Leave it out for 2.")
    }
    guard Argon2idHasher.allowedMebibytes.contains(mebibytes) else {
      throw ConfigurationFault(
        plugin: "hasher.argon2id", setting: "hash.argon2_mib", value: "\(mebibytes)",
        problem: "it is not between 7 and 512", remedy: "Leave it out for 19.")
    }
    guard sodium_init() >= 0 else {
      throw ConfigurationFault(
        plugin: "hasher.argon2id", setting: "hash.preferred",
        problem: "libsodium could not be initialised: it found no source of randomness",
        remedy: "Make getrandom(2) or /dev/urandom available to the process.")
    }
    self.operations = operations
    self.mebibytes = mebibytes
  }

  public func hash(_ request: HashRequest) throws(HasherError) -> EncodedHash {
    var string = [CChar](repeating: 0, count: Int(crypto_pwhash_STRBYTES))
    let (operations, bytes) = (UInt64(operations), mebibytes << 20)
    let result = Argon2idHasher.withCharacters(of: request.secret) { secret, length in
      crypto_pwhash_str(&string, secret, length, operations, bytes)
    }
    guard result == 0 else {
      throw .failed(
        algorithm: algorithm, reason: "crypto_pwhash_str failed: \(mebibytes) MiB are not available"
      )
    }
    let text = string.prefix { $0 != 0 }.dropFirst().map { UInt8(bitPattern: $0) }
    return EncodedHash(String(decoding: text, as: UTF8.self))
  }

  public func verify(_ request: VerifyRequest) throws(HasherError) -> Bool {
    _ = try Argon2Parameters(request.hash)
    let string = "$" + request.hash.encoded
    let (result, code) = Argon2idHasher.withCharacters(of: request.secret) { secret, length in
      errno = 0
      let result = crypto_pwhash_str_verify(string, secret, length)
      return (result, errno)
    }
    if result == 0 { return true }
    // libsodium says EINVAL for a digest that differs, anything else if it could not compute one.
    guard code == EINVAL else {
      throw .failed(algorithm: algorithm, reason: "crypto_pwhash_str_verify failed, errno \(code)")
    }
    return false
  }

  public func check(_ hash: EncodedHash) throws(HasherError) { _ = try Argon2Parameters(hash) }

  public func needsRehash(_ hash: EncodedHash) -> Bool {
    guard let stored = try? Argon2Parameters(hash) else { return true }
    return stored.kibibytes != mebibytes * 1024 || stored.operations != operations
      || stored.lanes != 1
  }

  private static func withCharacters<Result>(
    of secret: Secret, _ body: (UnsafePointer<CChar>, UInt64) -> Result
  ) -> Result {
    secret.withUnsafeBytes { bytes in
      // libsodium asks for an address even of nothing; of zero bytes none is read.
      guard let base = bytes.baseAddress else { return body("", 0) }
      return body(base.assumingMemoryBound(to: CChar.self), UInt64(bytes.count))
    }
  }
}
