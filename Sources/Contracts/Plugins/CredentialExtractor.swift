/// Finds a token in a request.
///
/// The contract in three words: value (`set` on the ``Candidate``), none (return without), throw (refuse the
/// request). A header given twice, a comma-joined value and non-ASCII refuse it; a value of over 512 bytes can
/// be no token of ours and is set aside, as if this extractor had found none of any format.
///
/// Threading: synchronous, from any thread, on every request; no allocation, no I/O.
public protocol CredentialExtractor: Plugin {
  /// Looks for a token and sets it on the candidate; none is no fault.
  func extract(
    from request: borrowing some RequestView, into candidate: inout Candidate
  ) throws(ExtractionRefusal)
}

extension CredentialExtractor {
  public func register(in registry: inout Registry) { registry.add(extractor: self) }
}
