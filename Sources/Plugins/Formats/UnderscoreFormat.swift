import CardeaContracts

/// The second format, for those who want to select a token by double click:
/// `<namespace>_<identifier>_<secret><checksum>`.
///
/// The checksum is the whole CRC-32 of everything before it as six digits of base 62 (`0-9A-Za-z`,
/// the most significant first, padded with `0`), so one changed character is always found. A token
/// has no `:`, which is how it differs from every ``KeysmithFormat`` token.
///
/// Threading: any thread. `parse` allocates nothing.
public struct UnderscoreFormat: TokenFormat {
  public var id: String { "format.underscore" }
  public var name: String { "underscore" }

  /// 62^6 exceeds 2^32, so six digits hold every CRC-32.
  private static let digits = 6
  private static let separator = UInt8(ascii: "_")

  public init() {}

  public func parse(_ token: Span<UInt8>) -> ParsedToken? {
    let end = token.count - UnderscoreFormat.digits
    guard end > 0 else { return nil }
    var secret = end
    while secret > 0, token[secret - 1] != UnderscoreFormat.separator { secret -= 1 }
    // `secret` is just behind the last `_`, or 0 if there is none.
    guard secret > 0, SecretShape.matches(token, secret..<end),
      PrefixShape.matches(token, end: secret - 1)
    else { return nil }
    var value = CRC32.checksum(token.extracting(0..<end))
    let characters = Alphanumerics.characters
    var index = token.count
    while index > end {
      index -= 1
      guard token[index] == characters[Int(value % 62)] else { return nil }
      value /= 62
    }
    return ParsedToken(prefix: 0..<(secret - 1), secret: secret..<end)
  }

  public func build(_ request: TokenRequest) throws(FormatError) -> BuiltToken {
    let prefix = try PrefixShape.prefix(for: request)
    let secret = try SecretShape.secret(for: request)
    var token = Array(prefix.utf8)
    token.append(UnderscoreFormat.separator)
    token += secret
    token += UnderscoreFormat.checksum(of: token.span)
    return BuiltToken(token: Secret(token), prefix: prefix, secret: Secret(secret))
  }

  /// The six digits of base 62 that stand behind these bytes in a token.
  package static func checksum(of bytes: Span<UInt8>) -> [UInt8] {
    var value = CRC32.checksum(bytes)
    var digits = [UInt8](repeating: 0, count: digits)
    for index in digits.indices.reversed() {
      digits[index] = Alphanumerics.characters[Int(value % 62)]
      value /= 62
    }
    return digits
  }
}
