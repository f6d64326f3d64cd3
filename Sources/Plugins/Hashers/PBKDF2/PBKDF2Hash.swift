import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `pbkdf2_sha512$ITERATIONS$SALT$BASE64`, taken apart. There is one spelling of any values.
struct PBKDF2Hash {
  static let algorithm = "pbkdf2_sha512"
  /// The most iterations that are run: some five seconds of work.
  static let maximumIterations = 10_000_000

  let iterations: Int
  let salt: [UInt8]
  let digest: [UInt8]

  init(iterations: Int, salt: [UInt8], digest: [UInt8]) {
    self.iterations = iterations
    self.salt = salt
    self.digest = digest
  }

  /// Reads an encoded hash, and refuses what must not be run.
  init(_ hash: EncodedHash) throws(HasherError) {
    let fields = hash.encoded.utf8.split(
      separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
    guard fields.count == 4, fields[0].elementsEqual(PBKDF2Hash.algorithm.utf8),
      (1...PBKDF2Salt.maximumLength).contains(fields[2].count),
      fields[2].allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
      let digest = PBKDF2Hash.decode(fields[3])
    else { throw .unreadable(algorithm: PBKDF2Hash.algorithm) }
    iterations = try PBKDF2Hash.iterations(fields[1])
    salt = Array(fields[2])
    self.digest = digest
  }

  var encoded: EncodedHash {
    let salt = String(decoding: salt, as: UTF8.self)
    let text = Data(digest).base64EncodedString()
    return EncodedHash("\(PBKDF2Hash.algorithm)$\(iterations)$\(salt)$\(text)")
  }

  /// A decimal number without sign or leading zero. However long it is, nothing overflows.
  private static func iterations(_ text: Substring.UTF8View) throws(HasherError) -> Int {
    guard let first = text.first, first != UInt8(ascii: "0") else {
      throw .unreadable(algorithm: algorithm)
    }
    var value = 0
    for byte in text {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else {
        throw .unreadable(algorithm: algorithm)
      }
      // Held just above the ceiling, so that the rest of a long number is still read as digits.
      value = min(value * 10 + Int(byte - UInt8(ascii: "0")), maximumIterations + 1)
    }
    guard value <= maximumIterations else {
      throw .beyondCeiling(algorithm: algorithm, limit: "\(maximumIterations) iterations")
    }
    return value
  }

  /// 64 bytes in canonical base64.
  private static func decode(_ text: Substring.UTF8View) -> [UInt8]? {
    guard let data = Data(base64Encoded: String(Substring(text))),
      data.count == PBKDF2.digestLength,
      data.base64EncodedString().utf8.elementsEqual(text)
    else { return nil }
    return Array(data)
  }
}
