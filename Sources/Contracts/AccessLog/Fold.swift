#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What attempts of a flood have in common that are counted in one entry.
package struct Fold: Hashable {
  let reason: String?
  let status: Int
  package var keyID: UUID?
  package var payload: [UInt8]

  package init(_ draft: AccessDraft) {
    reason = draft.reason
    status = draft.status
    keyID = draft.keyID
    payload = draft.payload
  }

  /// The same, whoever it was.
  package var anonymous: Fold {
    var fold = self
    fold.keyID = nil
    fold.payload = AccessPayload().json
    return fold
  }
}
