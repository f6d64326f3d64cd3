/// Strict base64 (RFC 4648, sections 4 and 5): the alphabet only, unused bits zero, so there is one text for
/// any bytes.
package enum Base64 {
  /// The bytes that `text` stands for, with its padding; `nil` if it is not canonical base64.
  package static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
    let padding = text.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    // 2 or 3 digits of the last four need 2 or 1 signs of padding; 1 digit says nothing.
    guard text.count % 4 == 0, padding < 3 else { return nil }
    return decode(digits: text.prefix(text.count - padding), high: ("+", "/"))
  }

  /// The bytes that `text` stands for in the alphabet for URLs, without padding.
  package static func decodeURL(_ text: some Collection<UInt8>) -> [UInt8]? {
    decode(digits: text, high: ("-", "_"))
  }

  /// `bytes` in the alphabet for URLs, without padding.
  package static func encodeURL(_ bytes: some Collection<UInt8>) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count / 3 * 4 + 4)
    var bits: UInt32 = 0
    var bitCount: UInt32 = 0
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      bitCount += 8
      while bitCount >= 6 {
        bitCount -= 6
        text.append(alphabet[Int(bits >> bitCount & 63)])
      }
    }
    if bitCount > 0 { text.append(alphabet[Int(bits << (6 - bitCount) & 63)]) }
    return String(decoding: text, as: UTF8.self)
  }

  private static func decode(
    digits: some Collection<UInt8>, high: (Unicode.Scalar, Unicode.Scalar)
  ) -> [UInt8]? {
    guard digits.count % 4 != 1 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 4 * 3 + 2)
    var bits: UInt32 = 0
    var bitCount = 0
    for digit in digits {
      guard let value = value(digit, high) else { return nil }
      bits = bits << 6 | UInt32(value)
      bitCount += 6
      if bitCount >= 8 {
        bitCount -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
        bits &= (1 << UInt32(bitCount)) - 1
      }
    }
    return bits == 0 ? bytes : nil
  }

  /// The six bits of a digit.
  private static func value(
    _ digit: UInt8, _ high: (Unicode.Scalar, Unicode.Scalar)
  ) -> UInt8? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
    case UInt8(ascii: high.0): 62
    case UInt8(ascii: high.1): 63
    default: nil
    }
  }
}
