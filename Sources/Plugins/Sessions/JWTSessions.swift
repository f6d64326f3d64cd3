import CardeaContracts

/// Session tokens as JWTs that others can verify by themselves: EdDSA with Ed25519 (RFC 7515, RFC 7519,
/// RFC 8037).
///
/// One spelling of a token is accepted, the one that ``issue(_:)`` writes: header and claims are compared byte
/// for byte with what they would be written as, so no `alg: none`, no embedded key, no member twice, no second
/// base64url. What is wrong is named in ``SessionRefusal``.
///
/// The first key signs; the others only verify and stand in ``keySet``. To change keys, add the new one last,
/// let verifiers fetch the set, move it to the front, and take the old one out after a lifetime. Without any, a
/// key is drawn that lives as long as this value.
///
/// A log-out is remembered by this process alone, until the token would have expired.
///
/// Threading: any thread.
public struct JWTSessions: SessionIssuer {
  public let id = "sessions.jwt"
  public let lifetime: Duration
  public let extractors: [any CredentialExtractor]
  private let issuer: String
  private let audience: String
  private let primitives: any Primitives
  private let keys: JWTKeyRing
  private let ended: SessionTable<Void>

  /// - Parameters:
  ///   - signingKeys: the first signs; the others' tokens are accepted.
  ///   - issuer: the claim `iss`; tokens with another one are refused.
  ///   - audience: the claim `aud`; tokens with another one are refused.
  ///   - lifetime: how long a session lives.
  ///   - entries: how many log-outs are remembered at most, of one key at most a quarter of them.
  ///   - extractors: where requests carry session tokens.
  public init(
    signingKeys: [Ed25519.PrivateKey] = [], issuer: String = "cardea",
    audience: String = "cardea", lifetime: Duration, entries: Int = 100_000,
    extractors: [any CredentialExtractor], primitives: any Primitives
  ) throws(ConfigurationFault) {
    keys = try JWTKeyRing(signingKeys, primitives: primitives)
    self.issuer = issuer
    self.audience = audience
    self.lifetime = lifetime
    self.extractors = extractors
    self.primitives = primitives
    ended = SessionTable(capacity: entries)
  }

  public var keySet: [UInt8]? { keys.keySet }

  /// Three parts, the first of which begins with `{"` in base64url.
  public func recognizes(_ token: Span<UInt8>) -> Bool {
    guard token.count > 3, token[0] == UInt8(ascii: "e"), token[1] == UInt8(ascii: "y"),
      token[2] == UInt8(ascii: "J")
    else { return false }
    var dots = 0
    for index in token.indices where token[index] == UInt8(ascii: ".") { dots += 1 }
    return dots == 2
  }

  public func issue(_ request: SessionRequest) throws(SessionError) -> Secret {
    let claims = JWTClaims(request, issuer: issuer, audience: audience)
    let payload = Base64.encodeURL(claims.encoded() ?? [])
    let signed = keys.header + [UInt8(ascii: ".")] + Array(payload.utf8)
    guard signed.count + 87 <= SessionFacts.tokenCapacity else { throw .tooLong }
    let signature = keys.sign(signed)
    return Secret(signed + [UInt8(ascii: ".")] + Array(Base64.encodeURL(signature.bytes).utf8))
  }

  public func read(
    _ token: Secret, at now: Timestamp
  ) throws(SessionRefusal) -> SessionFacts {
    let bytes = token.withUnsafeBytes { Array($0) }
    let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw .malformed }
    let key = try keys.publicKey(ofHeader: parts[0])
    guard let signature = Base64.decodeURL(parts[2]).flatMap({ Ed25519.Signature($0) }) else {
      throw .malformed
    }
    let signed = Array(bytes[..<parts[1].endIndex])
    guard primitives.isValid(signature, of: signed, by: key) else { throw .signature }
    // From here on it is what somebody with our key wrote.
    guard let payload = Base64.decodeURL(parts[1]), let claims = JWTClaims(canonical: payload),
      let session = claims.session
    else { throw .malformed }
    guard claims.iss.utf8.elementsEqual(issuer.utf8) else { throw .issuer }
    guard claims.aud.utf8.elementsEqual(audience.utf8) else { throw .audience }
    if let refusal = refusal(of: session, at: now) { throw refusal }
    return session
  }

  public func refusal(of session: SessionFacts, at now: Timestamp) -> SessionRefusal? {
    if now >= session.expiresAt { return .expired }
    return ended.contains(session.id) ? .ended : nil
  }

  public func end(_ session: SessionFacts, at now: Timestamp) throws(SessionError) {
    guard ended.insert(session, until: session.expiresAt, (), at: now) else { throw .full }
  }
}
