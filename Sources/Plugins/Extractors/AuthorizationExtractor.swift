import CardeaContracts

/// A token as the credential of an `Authorization` scheme: `Authorization: Api-Key tok_…`.
///
/// Value: the one credential after the scheme (any case) and spaces or tabs. None: no
/// `Authorization`, or one of another scheme. Refused: the scheme with no credential or with more
/// than one, two `Authorization` fields whatever their schemes, a comma within the credential,
/// anything but visible ASCII in it, over 512 bytes.
///
/// Threading: any thread. Allocates nothing.
public struct AuthorizationExtractor: HeaderCredentialExtractor {
  public let id: String
  public var field: String { AuthorizationValue.field }
  /// The scheme's characters in lower case.
  let scheme: [UInt8]

  /// - Parameter scheme: the scheme's name, in any case: `Api-Key`, `Bearer`.
  public init(scheme: String) {
    let name = scheme.lowercased()
    self.scheme = Array(name.utf8)
    id = "extractor.authorization.\(name)"
  }

  public func extract(value: String, into candidate: inout Candidate) throws(ExtractionRefusal) {
    try AuthorizationValue.withCredential(scheme: scheme, of: value) { candidate.take($0) }
  }
}
