/// A token that a request presented and an accepted format could parse, or the session issuer could read.
///
/// A class, so that a look that finds the token in memory hands no room for one around.
final class PresentedToken: Sendable {
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

  /// How the token names its key.
  let naming: TokenNaming

  init?(
    _ bytes: UnsafeRawBufferPointer, digest: Digest128, formats: AcceptedFormats,
    primitives: any Primitives
  ) {
    guard let parsed = formats.parse(bytes)?.parsed,
      let prefix = parsed.prefix(of: bytes, primitives)
    else { return nil }
    token = Secret(bytes)
    self.digest = digest
    self.prefix = prefix
    secretRange = parsed.secret
    naming = TokenNaming(parsed.prefix)
    session = nil
  }

  init(_ token: Secret, digest: Digest128, session: SessionFacts) {
    self.token = token
    self.digest = digest
    prefix = session.prefix
    secretRange = 0..<0
    naming = .begins(omitting: 0)
    self.session = session
  }
}

extension ParsedToken {
  /// The key's prefix; `nil` if it is no UTF-8.
  package func prefix(
    of token: UnsafeRawBufferPointer, _ primitives: any Primitives
  ) -> String? {
    switch prefix {
    case .part(let range): String(validating: token[range], as: UTF8.self)
    case .beginning(let end, let namespace):
      String(validating: token[..<end], as: UTF8.self).map { "\(namespace)_\($0)" }
    case .digest(let namespace):
      ParsedToken.digestPrefix(of: token, namespace: namespace, primitives)
    }
  }

  /// `<namespace>_` and the first 32 hexadecimal digits of the token's SHA-256.
  package static func digestPrefix(
    of token: UnsafeRawBufferPointer, namespace: String, _ primitives: any Primitives
  ) -> String {
    "\(namespace)_\(Hex.text(primitives.sha256(Array(token)).bytes.prefix(16)))"
  }

  /// Whether every part lies within a token of that many bytes, and there is something to hash.
  func fits(_ count: Int) -> Bool {
    let whole = 0..<count
    guard secret.clamped(to: whole) == secret, !secret.isEmpty else { return false }
    switch prefix {
    case .part(let range): return range.clamped(to: whole) == range
    case .beginning(let end, _): return (1..<count).contains(end)
    case .digest: return true
    }
  }
}
