import CardeaContracts

/// The 62 characters that identifiers and secrets are made of.
enum Alphanumerics {
  /// In the order of base 62: digits, upper case, lower case.
  static let characters = Array(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

  /// Whether `byte` is one of `[A-Za-z0-9]`.
  @inline(__always)
  static func contains(_ byte: UInt8) -> Bool {
    let isLetter = (byte | 0x20) &- 0x61 < 26
    let isDigit = byte &- 0x30 < 10
    return isLetter != isDigit
  }

  /// That many characters, each of the 62 equally likely: bytes of 248 and above, which would
  /// favour the first eight characters (256 = 4 × 62 + 8), are thrown away.
  static func random(_ count: Int, from primitives: any Primitives) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(count)
    while result.count < count {
      // One byte in 32 is thrown away; the margin makes a second round rare.
      let missing = count - result.count
      for byte in primitives.randomBytes(missing + missing / 16 + 4) where byte < 248 {
        result.append(characters[Int(byte % 62)])
        if result.count == count { break }
      }
    }
    return result
  }
}
