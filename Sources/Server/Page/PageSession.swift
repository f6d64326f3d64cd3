import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A session on a page: who is signed in, and what proves that a form is ours.
struct PageSession: Sendable {
  let id: UUID
  /// Whose it is: the sessions of one count together.
  let countsTo: UUID
  /// As they were found at the last request.
  var holder: PageHolder
  /// What every form of this session carries (OWASP, synchronizer token).
  let formToken: String
  let startedAt: Timestamp
  var usedAt: Timestamp
  /// Forms whose answer shows a token, each to be sent once; the newest last.
  var forms: [String] = []
  /// What the next page says of the change before it.
  var notice: PageNotice?
  /// Of the last change, for as long as not every node obeys it.
  var receipt: Receipt?

  /// Forms that may be open at once; the oldest goes first.
  static let mostForms = 64
}
