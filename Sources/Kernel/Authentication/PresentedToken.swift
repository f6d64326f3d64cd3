/// A token that a request presented and an accepted format could parse, or the session issuer could read.
struct PresentedToken: Sendable {
  /// The whole token.
  let token: Secret
  /// The digest under which the verdict cache knows it.
  let digest: Digest128
  let prefix: String
  /// Where the secret lies in the token.
  let secretRange: Range<Int>
  /// The session that it stands for, if it is no key's.
  let session: SessionFacts?

  /// The part that hashers see.
  var secret: Secret { token.part(secretRange) }

  init?(_ bytes: UnsafeRawBufferPointer, digest: Digest128, formats: [any TokenFormat]) {
    guard let parsed = formats.parse(bytes),
      let prefix = String(validating: bytes[parsed.prefix], as: UTF8.self)
    else { return nil }
    token = Secret(bytes)
    self.digest = digest
    self.prefix = prefix
    secretRange = parsed.secret
    session = nil
  }

  init(_ token: Secret, digest: Digest128, session: SessionFacts) {
    self.token = token
    self.digest = digest
    prefix = session.prefix
    secretRange = 0..<0
    self.session = session
  }
}

extension [any TokenFormat] {
  /// The parts of a token by the first format that claims it.
  func parse(_ bytes: UnsafeRawBufferPointer) -> ParsedToken? {
    let span = Span<UInt8>(_bytes: RawSpan(_unsafeBytes: bytes))
    for format in self {
      guard let parsed = format.parse(span) else { continue }
      let whole = 0..<bytes.count
      guard parsed.prefix.clamped(to: whole) == parsed.prefix,
        parsed.secret.clamped(to: whole) == parsed.secret, !parsed.secret.isEmpty
      else { return nil }
      return parsed
    }
    return nil
  }
}
