import CardeaContracts

/// The cost parameters of `argon2id$v=19$m=…,t=…,p=…$SALT$DIGEST`, read strictly before anything is
/// run.
struct Argon2Parameters {
  static let algorithm = "argon2id"
  static let maximumKibibytes = 512 * 1024
  static let maximumOperations = 10
  static let maximumLanes = 16

  /// Memory in KiB.
  let kibibytes: Int
  /// Passes over the memory.
  let operations: Int
  let lanes: Int

  init(_ hash: EncodedHash) throws(HasherError) {
    let unreadable = HasherError.unreadable(algorithm: Argon2Parameters.algorithm)
    let fields = hash.encoded.utf8.split(
      separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
    // Version 0x13 only. Salt and digest: RFC 9106, section 3.1, allows at least 8 and 4 bytes,
    // which are 11 and 6 digits; a digest under 16 bytes would be guessed, and none has reason to
    // exceed 64.
    guard fields.count == 5, fields[0].elementsEqual(Argon2Parameters.algorithm.utf8),
      fields[1].elementsEqual("v=19".utf8),
      Argon2Parameters.isBase64(fields[3], 11...86), Argon2Parameters.isBase64(fields[4], 22...86)
    else { throw unreadable }
    let costs = fields[2].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    guard costs.count == 3, let kibibytes = Argon2Parameters.number(costs[0], after: "m="),
      let operations = Argon2Parameters.number(costs[1], after: "t="),
      let lanes = Argon2Parameters.number(costs[2], after: "p=")
    else { throw unreadable }
    try Argon2Parameters.check(kibibytes, Argon2Parameters.maximumKibibytes, "512 MiB")
    try Argon2Parameters.check(operations, Argon2Parameters.maximumOperations, "10 passes")
    try Argon2Parameters.check(lanes, Argon2Parameters.maximumLanes, "16 lanes")
    // RFC 9106, section 3.1: memory of at least 8 KiB for each lane.
    guard kibibytes >= 8 * lanes else { throw unreadable }
    self.kibibytes = kibibytes
    self.operations = operations
    self.lanes = lanes
  }

  private static func check(
    _ value: Int, _ maximum: Int, _ limit: String
  ) throws(HasherError) {
    guard value <= maximum else { throw .beyondCeiling(algorithm: algorithm, limit: limit) }
  }

  /// A decimal number from 1 on behind `label`, without sign or leading zero; held at 2^32, which
  /// is beyond every ceiling, so nothing overflows.
  private static func number(_ field: Substring.UTF8View, after label: String) -> Int? {
    guard field.starts(with: label.utf8) else { return nil }
    let digits = field.dropFirst(label.utf8.count)
    guard let first = digits.first, first != UInt8(ascii: "0") else { return nil }
    var value = 0
    for byte in digits {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      value = min(value * 10 + Int(byte - UInt8(ascii: "0")), 1 << 32)
    }
    return value
  }

  /// Whether the field has that many digits of base64, without padding and of a possible length.
  private static func isBase64(_ field: Substring.UTF8View, _ length: ClosedRange<Int>) -> Bool {
    guard length.contains(field.count), field.count % 4 != 1 else { return false }
    return field.allSatisfy { byte in
      let lowerCased = byte | 0x20
      return (lowerCased >= 0x61 && lowerCased <= 0x7A) || (byte >= 0x30 && byte <= 0x39)
        || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/")
    }
  }
}
