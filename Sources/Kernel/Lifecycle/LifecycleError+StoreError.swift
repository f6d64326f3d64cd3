extension LifecycleError {
  /// What a store's refusal means to a caller.
  package init(_ error: StoreError) {
    switch error {
    case .conflict: self = .conflict
    case .duplicate(let field): self = .invalid(field: field, reason: "is taken")
    case .ownerLimit(let limit): self = .ownerLimit(limit)
    case .notEmpty: self = .notEmpty
    case .idempotencyUsed(let record): self = .alreadyDone(keyID: record.keyID)
    case .unavailable(let reason): self = .storeUnavailable(reason)
    case .corrupt(let reason): self = .storeUnavailable(reason)
    }
  }
}

extension AuthKernel {
  /// Does something with the store; what the store refuses is thrown as what it means to a caller.
  package func inStore<Value>(
    _ work: () async throws(StoreError) -> Value
  ) async throws(LifecycleError) -> Value {
    do throws(StoreError) { return try await work() } catch { throw LifecycleError(error) }
  }
}
