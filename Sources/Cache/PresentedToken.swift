/// A token that a request presented and an accepted format could parse, or the session issuer could read.
///
/// A class, so that a look that finds the token in memory hands no room for one around.
package final class PresentedToken: Sendable {
  /// The whole token.
  let token: Secret
  /// The digest under which the verdict cache knows it.
  package let digest: Digest128
  package let prefix: String
  /// Where the secret lies in the token.
  let secretRange: Range<Int>
  /// The session that it stands for, if it is no key's.
  package let session: SessionFacts?

  /// The part that hashers see.
  package var secret: Secret { token.part(secretRange) }

  /// How the token names its key.
  package let naming: TokenNaming

  package init?(
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

  package init(_ token: Secret, digest: Digest128, session: SessionFacts) {
    self.token = token
    self.digest = digest
    prefix = session.prefix
    secretRange = 0..<0
    naming = .begins(omitting: 0)
    self.session = session
  }
}
