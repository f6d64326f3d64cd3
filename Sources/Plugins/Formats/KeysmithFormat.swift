import CardeaContracts

/// The default format, that of django-keysmith: `<namespace>_<identifier>:<secret><checksum>`, such
/// as `tok_ab12CD34:` + 32 letters and digits + 6 digits.
///
/// The checksum is the CRC-32 of everything before it modulo 10^6, in exactly six decimal digits. A
/// token has exactly one `:`, which is how it differs from every ``UnderscoreFormat`` token.
/// Lengths of identifier and secret are settings for new tokens only: tokens made elsewhere are
/// read whatever they are (secrets of 16 to 128 characters).
///
/// Threading: any thread. `parse` allocates nothing.
public struct KeysmithFormat: TokenFormat {
  public var id: String { "format.keysmith" }
  public var name: String { "keysmith" }

  private static let digits = 6
  private static let modulus: UInt32 = 1_000_000
  private static let separator = UInt8(ascii: ":")

  public init() {}

  public func parse(_ token: Span<UInt8>) -> ParsedToken? {
    let end = token.count - KeysmithFormat.digits
    guard end > 0 else { return nil }
    var separator = 0
    while separator < end, token[separator] != KeysmithFormat.separator { separator += 1 }
    guard separator < end, PrefixShape.matches(token, end: separator),
      SecretShape.matches(token, (separator + 1)..<end)
    else { return nil }
    var remainder = CRC32.checksum(token.extracting(0..<end)) % KeysmithFormat.modulus
    var index = token.count
    while index > end {
      index -= 1
      guard token[index] == UInt8(ascii: "0") + UInt8(remainder % 10) else { return nil }
      remainder /= 10
    }
    return ParsedToken(prefix: 0..<separator, secret: (separator + 1)..<end)
  }

  public func build(_ request: TokenRequest) throws(FormatError) -> BuiltToken {
    let prefix = try PrefixShape.prefix(for: request)
    let secret = try SecretShape.secret(for: request)
    var token = Array(prefix.utf8)
    token.append(KeysmithFormat.separator)
    token += secret
    token += KeysmithFormat.checksum(of: token.span)
    return BuiltToken(token: Secret(token), prefix: prefix, secret: Secret(secret))
  }

  /// The six decimal digits that stand behind these bytes in a token.
  package static func checksum(of bytes: Span<UInt8>) -> [UInt8] {
    var remainder = CRC32.checksum(bytes) % modulus
    var digits = [UInt8](repeating: 0, count: digits)
    for index in digits.indices.reversed() {
      digits[index] = UInt8(ascii: "0") + UInt8(remainder % 10)
      remainder /= 10
    }
    return digits
  }
}
