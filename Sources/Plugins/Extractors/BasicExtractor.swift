import CardeaContracts

/// A token as the password of HTTP Basic authentication (RFC 7617), for clients that can send
/// nothing else. The user name is ignored; the password begins behind the first `:`, so a token may
/// hold one.
///
/// Value: the password. None: no `Authorization`, or one of another scheme. Refused: credentials
/// that are no canonical base64 or hold no `:` or no password, two `Authorization` fields, a
/// password with a comma, with anything but visible ASCII or of over 512 bytes.
///
/// Threading: any thread. Allocates only where there are Basic credentials, to decode them.
public struct BasicExtractor: HeaderCredentialExtractor {
  public var id: String { "extractor.basic" }
  public var field: String { AuthorizationValue.field }

  private static let scheme = Array("basic".utf8)

  public init() {}

  public func extract(value: String, into candidate: inout Candidate) throws(ExtractionRefusal) {
    try AuthorizationValue.withCredential(scheme: BasicExtractor.scheme, of: value) { credential in
      guard let decoded = Base64.decode(credential),
        let colon = decoded.firstIndex(of: UInt8(ascii: ":")), colon + 1 < decoded.count
      else { return .failure(.malformed) }
      return candidate.take(decoded[(colon + 1)...])
    }
  }
}
