/// A ``CredentialExtractor`` that looks at one header field and nothing else.
///
/// A power more: the kernel reads the field once for all that are registered one after the other and look at the same,
/// and asks none of them where it is absent.
public protocol HeaderCredentialExtractor: CredentialExtractor {
  /// The field's name, in lower case.
  var field: String { get }
  /// Looks for a token in the field's value, under the contract of ``CredentialExtractor/extract(from:into:)``.
  func extract(value: String, into candidate: inout Candidate) throws(ExtractionRefusal)
}

extension HeaderCredentialExtractor {
  public func extract(
    from request: borrowing some RequestView, into candidate: inout Candidate
  ) throws(ExtractionRefusal) {
    switch request.header(field) {
    case .absent: return
    case .repeated: throw .repeated
    case .one(let value): try extract(value: value, into: &candidate)
    }
  }
}
