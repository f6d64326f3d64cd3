import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a session's JWT says (RFC 7519, section 4.1; `scope`: RFC 8693, section 4.2). Times are in seconds.
struct JWTClaims: Codable, Equatable {
  let iss: String
  /// The owner's id, or the key's if it has no owner.
  let sub: String
  let aud: String
  let exp: Int64
  let iat: Int64
  /// The session's id.
  let jti: String
  let keyID: String
  let keyPrefix: String
  /// The secret row that the session stands for.
  let secretID: String
  /// The owner's name, if the key has an owner.
  let owner: String?
  /// Names with a space between them.
  let scope: String

  private enum CodingKeys: String, CodingKey {
    case iss, sub, aud, exp, iat, jti, owner, scope
    case keyID = "key_id"
    case keyPrefix = "key_prefix"
    case secretID = "secret_id"
  }

  init(_ request: SessionRequest, issuer: String, audience: String) {
    let session = request.session
    let identity = request.identity
    iss = issuer
    sub = (identity.ownerID ?? session.keyID).text
    aud = audience
    exp = session.expiresAt.milliseconds / 1_000
    iat = session.issuedAt.milliseconds / 1_000
    jti = session.id.text
    keyID = session.keyID.text
    keyPrefix = session.prefix
    secretID = session.secretID.text
    owner = identity.owner
    scope = session.scopes.names.joined(separator: " ")
  }

  /// `nil` if these bytes are not exactly what ``encoded()`` writes: a member twice or unknown, a number in
  /// another spelling, a blank.
  init?(canonical bytes: [UInt8]) {
    guard let claims = try? JSONDecoder().decode(JWTClaims.self, from: Data(bytes)),
      claims.encoded() == bytes
    else { return nil }
    self = claims
  }

  /// The JSON, its members in order of their names.
  func encoded() -> [UInt8]? {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { [UInt8]($0) }
  }

  /// The session; `nil` if a value can't be one that we wrote.
  var session: SessionFacts? {
    let (end, overflow) = exp.multipliedReportingOverflow(by: 1_000)
    let (start, overflow2) = iat.multipliedReportingOverflow(by: 1_000)
    guard !overflow, !overflow2, let id = UUID(uuidString: jti), let key = UUID(uuidString: keyID),
      let secret = UUID(uuidString: secretID)
    else { return nil }
    return SessionFacts(
      id: id, keyID: key, prefix: keyPrefix, secretID: secret,
      scopes: ScopeSet(scope.split(separator: " ").map(String.init)),
      issuedAt: Timestamp(milliseconds: start), expiresAt: Timestamp(milliseconds: end))
  }
}
