import COpenSSL
import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An encoded hash as Django writes it, taken apart at `$`. Every value has one spelling, and nothing is run
/// until all of them are read.
struct DjangoHash {
  let algorithm: String
  private let fields: [Substring.UTF8View]

  /// - Parameter count: parts between `$`, the algorithm included.
  init(_ hash: EncodedHash, algorithm: String, count: Int) throws(HasherError) {
    let fields = hash.encoded.utf8.split(
      separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
    guard fields.count == count, fields[0].elementsEqual(algorithm.utf8) else {
      throw .unreadable(algorithm: algorithm)
    }
    self.algorithm = algorithm
    self.fields = fields
  }

  var unreadable: HasherError { .unreadable(algorithm: algorithm) }

  /// The bytes of a part as they stand there.
  func bytes(_ index: Int) -> [UInt8] { Array(fields[index]) }

  /// A part that must be this text.
  func expect(_ index: Int, _ text: String) throws(HasherError) {
    guard fields[index].elementsEqual(text.utf8) else { throw unreadable }
  }

  /// A salt whose characters are its bytes: 1 to 128 of visible ASCII.
  func salt(_ index: Int) throws(HasherError) -> [UInt8] {
    let field = fields[index]
    guard (1...128).contains(field.count), field.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw unreadable
    }
    return Array(field)
  }

  /// A decimal number from 1 to `maximum`. `limit` says the ceiling in words.
  func number(_ index: Int, upTo maximum: Int, _ limit: String) throws(HasherError) -> Int {
    try number(bytes(index)[...], upTo: maximum, limit)
  }

  /// The same for a part of a part, without sign or leading zero. Held just above the ceiling, so that however
  /// long it is nothing overflows.
  func number(
    _ digits: ArraySlice<UInt8>, upTo maximum: Int, _ limit: String
  ) throws(HasherError) -> Int {
    guard let first = digits.first, first != UInt8(ascii: "0") else { throw unreadable }
    var value = 0
    for byte in digits {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { throw unreadable }
      value = min(value * 10 + Int(byte - UInt8(ascii: "0")), maximum + 1)
    }
    guard value <= maximum else { throw .beyondCeiling(algorithm: algorithm, limit: limit) }
    return value
  }

  /// That many bytes in canonical base64.
  func base64(_ index: Int, count: Int) throws(HasherError) -> [UInt8] {
    guard let data = Data(base64Encoded: String(Substring(fields[index]))), data.count == count,
      data.base64EncodedString().utf8.elementsEqual(fields[index])
    else { throw unreadable }
    return Array(data)
  }

  /// That many bytes in lower-case hexadecimal digits.
  func hexadecimal(_ index: Int, count: Int) throws(HasherError) -> [UInt8] {
    guard let bytes = Hex.bytes(Substring(fields[index])), bytes.count == count else {
      throw unreadable
    }
    return bytes
  }

  /// Whether both are equal, in time that depends on their length only.
  static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
  }
}
