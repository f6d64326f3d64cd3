import CSodium
import CardeaContracts

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Verifies `argon2$argon2id$v=19$m=KIBIBYTES,t=PASSES,p=LANES$SALT$DIGEST`, Django's name before the string
/// of argon2-cffi (and `argon2i`, Django's choice before 3.2). More than 512 MiB, 10 passes or 16 lanes are
/// not run.
///
/// Threading: any thread; several calls at once, each with memory of its own.
public struct DjangoArgon2Hasher: VerifyOnlyHasher {
  public let id = "hasher.argon2"
  public let algorithm = "argon2"
  public let cost = HashCost.slow

  public init() throws(ConfigurationFault) {
    guard sodium_init() >= 0 else {
      throw ConfigurationFault(
        plugin: "hasher.argon2", setting: "hash",
        problem: "libsodium could not be initialised: it found no source of randomness",
        remedy: "Make getrandom(2) or /dev/urandom available to the process.")
    }
  }

  public func verify(_ request: VerifyRequest) throws(HasherError) -> Bool {
    try check(request.hash)
    let string = String(request.hash.encoded.dropFirst(algorithm.utf8.count))
    let (result, code) = request.secret.withUnsafeBytes { bytes -> (Int32, Int32) in
      errno = 0
      // libsodium asks for an address even of nothing; of zero bytes none is read.
      let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
      let result =
        base.map { crypto_pwhash_str_verify(string, $0, UInt64(bytes.count)) }
        ?? crypto_pwhash_str_verify(string, "", 0)
      return (result, errno)
    }
    if result == 0 { return true }
    // libsodium says EINVAL for a digest that differs, anything else if it could not compute one.
    guard code == EINVAL else {
      throw .failed(algorithm: algorithm, reason: "crypto_pwhash_str_verify failed, errno \(code)")
    }
    return false
  }

  public func check(_ hash: EncodedHash) throws(HasherError) {
    let fields = try DjangoHash(hash, algorithm: algorithm, count: 6)
    let variant = fields.bytes(1)
    guard variant.elementsEqual("argon2id".utf8) || variant.elementsEqual("argon2i".utf8) else {
      throw fields.unreadable
    }
    // RFC 9106, section 3.1: a salt of at least 8 bytes, memory of at least 8 KiB for each lane. A digest
    // under 16 bytes would be guessed, and none has reason to exceed 64.
    try fields.expect(2, "v=19")
    let kibibytes = try cost(fields, 0, "m=", upTo: 512 * 1024, "512 MiB")
    _ = try cost(fields, 1, "t=", upTo: 10, "10 passes")
    let lanes = try cost(fields, 2, "p=", upTo: 16, "16 lanes")
    guard kibibytes >= 8 * lanes, isBase64(fields.bytes(4), 11...86),
      isBase64(fields.bytes(5), 22...86)
    else { throw fields.unreadable }
  }

  /// One of the three costs behind its label.
  private func cost(
    _ fields: DjangoHash, _ index: Int, _ label: String, upTo maximum: Int, _ limit: String
  ) throws(HasherError) -> Int {
    let costs = fields.bytes(3).split(
      separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    guard costs.count == 3, costs[index].starts(with: label.utf8) else { throw fields.unreadable }
    return try fields.number(costs[index].dropFirst(label.utf8.count), upTo: maximum, limit)
  }

  /// Whether these are that many digits of base64, without padding and of a possible length.
  private func isBase64(_ field: [UInt8], _ length: ClosedRange<Int>) -> Bool {
    guard length.contains(field.count), field.count % 4 != 1 else { return false }
    return field.allSatisfy { byte in
      let lowerCased = byte | 0x20
      return (lowerCased >= 0x61 && lowerCased <= 0x7A) || (byte >= 0x30 && byte <= 0x39)
        || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/")
    }
  }
}
