import CardeaContracts

/// A spool whose records are given.
final class GivenSpool: AuditSink, AccessSpool, AccessSource {
  let id = "audit.given"
  let node = "n"
  private let kept = Locked<[SpooledAccess]>([])

  var isEmpty: Bool { kept.withLock { $0.isEmpty } }

  func fill(_ count: Int64, of key: KeyRecord, at time: Timestamp) {
    kept.withLock { kept in
      for sequence in 1...count {
        let event = AccessEvent(
          at: time, reason: nil, keyID: key.id, prefix: key.prefix, owner: nil,
          request: RequestFacts(method: "GET", path: "/", requestID: "r\(sequence)"))
        kept.append(
          SpooledAccess(sequence: sequence, draft: AccessDraft(event), isFolded: false))
      }
    }
  }

  var sources: [any AccessSource] { [self] }
  var waiting: Int { kept.withLock { $0.count } }
  func record(_ events: [AccessEvent]) {}
  func resume(after sequence: Int64) { discard(through: sequence) }
  func records(after sequence: Int64, details: Int, limit: Int) -> [SpooledAccess] {
    // Two at a time, so that a round is of several batches.
    Array(kept.withLock { $0 }.filter { $0.sequence > sequence }.prefix(min(details, limit, 2)))
  }
  func discard(through sequence: Int64) {
    kept.withLock { $0.removeAll { $0.sequence <= sequence } }
  }
}
