import CardeaContracts

/// A token in a query item: `?api-key=tok_…`. Off unless it is registered, because URLs end in
/// logs, histories and referrers.
///
/// Value: the item's decoded value. None: no such item, or an empty one; names are compared
/// exactly. Refused: the item twice, a comma, anything but visible ASCII, over 512 bytes.
///
/// Threading: any thread. Allocates nothing.
public struct QueryExtractor: CredentialExtractor {
  public let id: String
  let name: String

  /// - Parameter name: the item's name, exactly.
  public init(name: String) {
    self.name = name
    id = "extractor.query.\(name)"
  }

  public func extract(
    from request: borrowing some RequestView, into candidate: inout Candidate
  ) throws(ExtractionRefusal) {
    switch request.query(name) {
    case .absent: return
    case .repeated: throw .repeated
    case .one(let value): try candidate.set(value)
    }
  }
}
