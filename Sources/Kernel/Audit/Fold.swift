#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What attempts of a flood have in common that are counted in one entry.
struct Fold: Hashable {
  let reason: String?
  let status: Int
  var keyID: UUID?
  var payload: [UInt8]

  init(_ draft: AccessDraft) {
    reason = draft.reason
    status = draft.status
    keyID = draft.keyID
    payload = draft.payload
  }

  /// The same, whoever it was.
  var anonymous: Fold {
    var fold = self
    fold.keyID = nil
    fold.payload = AccessPayload().json
    return fold
  }
}
