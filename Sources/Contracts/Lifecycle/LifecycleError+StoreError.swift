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

  /// What a store's refusal means to a caller who claimed to ask for the first time.
  package init(_ error: StoreError, claiming claim: IdempotencyClaim?) {
    if case .idempotencyUsed(let record) = error, let claim, record.bodyDigest != claim.bodyDigest {
      self = .idempotencyMismatch
    } else {
      self.init(error)
    }
  }
}
