import CardeaContracts

/// A token that is the whole value of a header field, such as `X-API-Key: tok_…`.
///
/// Value: the field's value. None: no such field, or an empty one. Refused: the field twice,
/// several values joined by a comma, anything but visible ASCII, over 512 bytes.
///
/// Threading: any thread. Allocates nothing.
public struct HeaderExtractor: CredentialExtractor {
  public let id: String
  /// The field's name in lower case, as ``RequestView/header(_:)`` asks for it.
  let name: String

  /// - Parameter name: the field's name, in any case.
  public init(name: String) {
    self.name = name.lowercased()
    id = "extractor.header.\(self.name)"
  }

  public func extract(
    from request: borrowing some RequestView, into candidate: inout Candidate
  ) throws(ExtractionRefusal) {
    switch request.header(name) {
    case .absent: return
    case .repeated: throw .repeated
    case .one(let value): try candidate.set(value)
    }
  }
}
