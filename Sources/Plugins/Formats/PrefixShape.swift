import CardeaContracts

/// What a prefix looks like in every format here: `<namespace>_<identifier>`, split at the last
/// `_`.
///
/// The namespace is 1 to 246 bytes of visible ASCII without `:` and `,` and may hold `_`; the
/// identifier is at least one of `[A-Za-z0-9]`. `:` separates prefix and secret, `,` separates
/// values that proxies have joined, and neither NUL nor space can be part of a token.
enum PrefixShape {
  static let namespaceLength = 1...246
  /// What settings may ask for; a prefix that exists may be of any length.
  static let identifierLength = 4...64

  /// Whether the first `end` bytes are a prefix.
  static func matches(_ bytes: Span<UInt8>, end: Int) -> Bool {
    var split = end
    while split > 0, bytes[split - 1] != underscore {
      guard Alphanumerics.contains(bytes[split - 1]) else { return false }
      split -= 1
    }
    // `split` is now just behind the last `_`, or 0 if there is none.
    guard split > 0, split < end, namespaceLength.contains(split - 1) else { return false }
    for index in 0..<(split - 1) where !isNamespaceByte(bytes[index]) { return false }
    return true
  }

  /// The prefix that a token is to have: the given one, or the namespace and a fresh identifier.
  static func prefix(for request: TokenRequest) throws(FormatError) -> String {
    if let prefix = request.prefix {
      let bytes = Array(prefix.utf8)
      guard matches(bytes.span, end: bytes.count) else {
        throw .invalid(field: "prefix", reason: "it is not a namespace, '_' and letters or digits")
      }
      return prefix
    }
    guard namespaceLength.contains(request.namespace.utf8.count),
      request.namespace.utf8.allSatisfy(isNamespaceByte)
    else {
      throw .invalid(
        field: "namespace",
        reason: "it is not 1 to 246 characters of visible ASCII without ':' and ','")
    }
    guard identifierLength.contains(request.identifierLength) else {
      throw .invalid(field: "identifier_length", reason: "it is not 4 to 64")
    }
    let identifier = Alphanumerics.random(request.identifierLength, from: request.primitives)
    return request.namespace + "_" + String(decoding: identifier, as: UTF8.self)
  }

  private static let underscore = UInt8(ascii: "_")

  private static func isNamespaceByte(_ byte: UInt8) -> Bool {
    byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: ":") && byte != UInt8(ascii: ",")
  }
}
