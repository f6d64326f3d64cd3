import CardeaContracts

/// A token in a field of an `application/x-www-form-urlencoded` body.
///
/// Value: the field's decoded value. None: no such field, or an empty one; names are compared
/// exactly. Refused: the field twice, a comma, anything but visible ASCII, over 512 bytes.
///
/// Threading: any thread. Allocates nothing.
public struct FormExtractor: CredentialExtractor {
  public let id: String
  let name: String

  /// - Parameter name: the field's name, exactly.
  public init(name: String) {
    self.name = name
    id = "extractor.form.\(name)"
  }

  public func extract(
    from request: borrowing some RequestView, into candidate: inout Candidate
  ) throws(ExtractionRefusal) {
    switch request.form(name) {
    case .absent: return
    case .repeated: throw .repeated
    case .one(let value): try candidate.set(value)
    }
  }
}
