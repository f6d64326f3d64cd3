import CardeaContracts

/// `hmac_sha256$VERSION$SALT$BASE64`, taken apart. There is one spelling of any values: both texts
/// are canonical base64 (RFC 4648, section 4).
struct HMACHash {
  static let algorithm = "hmac_sha256"
  static let saltLength = 16
  private static let start = Array("\(algorithm)$".utf8)
  /// Characters of 16 bytes in base64, two of them padding.
  private static let saltCharacters = 24
  /// Characters of 32 bytes in base64, one of them padding.
  private static let digestCharacters = 44
  private static let dollar = UInt8(ascii: "$")

  let version: ArraySlice<UInt8>
  /// Everything up to and including the last `$`.
  let header: ArraySlice<UInt8>
  /// The digest in base64.
  let digest: ArraySlice<UInt8>

  init(_ hash: EncodedHash) throws(HasherError) {
    let text = Array(hash.encoded.utf8)
    let start = HMACHash.start.count
    guard text.starts(with: HMACHash.start),
      let versionEnd = text[start...].firstIndex(of: HMACHash.dollar)
    else { throw .unreadable(algorithm: HMACHash.algorithm) }
    let saltEnd = versionEnd + 1 + HMACHash.saltCharacters
    guard text.count == saltEnd + 1 + HMACHash.digestCharacters, text[saltEnd] == HMACHash.dollar,
      Pepper.isVersion(text[start..<versionEnd]),
      HMACHash.isBase64(text[(versionEnd + 1)..<saltEnd], padding: 2),
      HMACHash.isBase64(text[(saltEnd + 1)...], padding: 1)
    else { throw .unreadable(algorithm: HMACHash.algorithm) }
    version = text[start..<versionEnd]
    header = text[...saltEnd]
    digest = text[(saltEnd + 1)...]
  }

  /// Whether the text is digits and that much padding, and the last digit's unused bits are zero.
  private static func isBase64(_ text: ArraySlice<UInt8>, padding: Int) -> Bool {
    let digits = text.dropLast(padding)
    guard text.suffix(padding).allSatisfy({ $0 == UInt8(ascii: "=") }),
      digits.allSatisfy({ value($0) != nil }), let last = digits.last.flatMap(value)
    else { return false }
    return last & (padding == 2 ? 0b1111 : 0b11) == 0
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
