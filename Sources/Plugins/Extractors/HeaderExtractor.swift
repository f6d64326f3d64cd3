import CardeaContracts

/// A token that is the whole value of a header field, such as `X-API-Key: tok_…`.
///
/// Value: the field's value. None: no such field, or an empty one. Refused: the field twice,
/// several values joined by a comma, anything but visible ASCII, over 512 bytes.
///
/// Threading: any thread. Allocates nothing.
public struct HeaderExtractor: HeaderCredentialExtractor {
  public let id: String
  public let field: String

  /// - Parameter name: the field's name, in any case.
  public init(name: String) {
    field = name.lowercased()
    id = "extractor.header.\(field)"
  }

  public func extract(value: String, into candidate: inout Candidate) throws(ExtractionRefusal) {
    try candidate.set(value)
  }
}
