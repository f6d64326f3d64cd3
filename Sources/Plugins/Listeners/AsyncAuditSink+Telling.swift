import CardeaContracts

extension AsyncAuditSink {
  /// What ``record(_:)`` is for a sink that knows best how to tell who does not suspend.
  func recordByTelling(_ event: AccessEvent) async throws {
    let failure = await withCheckedContinuation { continuation in
      record(event) { continuation.resume(returning: $0) }
    }
    if let failure { throw failure }
  }
}
