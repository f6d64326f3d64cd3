import CardeaContracts

/// What a secret looks like in every format here: 16 to 128 of `[A-Za-z0-9]`.
enum SecretShape {
  static let length = 16...128

  /// Whether these bytes are a secret.
  static func matches(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard length.contains(range.count) else { return false }
    // Without a way out of the loop, so that it is done many bytes at a time.
    var holds = true
    let secret = bytes.extracting(range)
    for index in secret.indices { holds = Alphanumerics.contains(secret[index]) && holds }
    return holds
  }

  /// A fresh secret.
  static func secret(for request: TokenRequest) throws(FormatError) -> [UInt8] {
    guard length.contains(request.secretLength) else {
      throw .invalid(field: "secret_length", reason: "it is not 16 to 128")
    }
    return Alphanumerics.random(request.secretLength, from: request.primitives)
  }
}
