import CardeaContracts

/// The format of djangorestframework-api-key: `<identifier>.<secret>`, such as 8 letters and digits, a dot and 32
/// more.
///
/// The key is kept under `drf_<identifier>`, and what is hashed is the whole token, as that package does. There is
/// no checksum: a mistyped token costs a look-up and a hash. A token has one `.` and neither `_` nor `:`, which is
/// how it differs from every ``KeysmithFormat`` and ``UnderscoreFormat`` token. The namespace setting has no part
/// in it.
///
/// Threading: any thread. `parse` allocates nothing.
public struct DottedFormat: TokenFormat {
  public var id: String { "format.dotted" }
  public var name: String { "dotted" }

  /// The namespace under which its keys are kept.
  public static let namespace = "drf"
  private static let separator = UInt8(ascii: ".")
  /// The longest identifier that is read. The package writes 8 characters and has room for no more.
  private static let identifierLength = 1...64

  public init() {}

  public func parse(_ token: Span<UInt8>) -> ParsedToken? {
    var end = 0
    while end < token.count, Alphanumerics.contains(token[end]) { end += 1 }
    guard DottedFormat.identifierLength.contains(end), end < token.count,
      token[end] == DottedFormat.separator, SecretShape.matches(token, (end + 1)..<token.count)
    else { return nil }
    return ParsedToken(
      prefix: .beginning(end, namespace: DottedFormat.namespace), secret: 0..<token.count)
  }

  public func build(_ request: TokenRequest) throws(FormatError) -> BuiltToken {
    let prefix = try PrefixShape.prefix(
      for: TokenRequest(
        namespace: DottedFormat.namespace, identifierLength: request.identifierLength,
        secretLength: request.secretLength, prefix: request.prefix,
        primitives: request.primitives))
    let identifier = prefix.utf8.dropFirst(DottedFormat.namespace.utf8.count + 1)
    guard prefix.utf8.starts(with: "\(DottedFormat.namespace)_".utf8),
      identifier.allSatisfy({ Alphanumerics.contains($0) }),
      DottedFormat.identifierLength.contains(identifier.count)
    else {
      throw .invalid(
        field: "format",
        reason: "a dotted token can't name a key whose prefix does not begin with drf_")
    }
    let secret = try SecretShape.secret(for: request)
    let token = Array(identifier) + [DottedFormat.separator] + secret
    return BuiltToken(token: Secret(token), prefix: prefix, secret: Secret(token))
  }
}
