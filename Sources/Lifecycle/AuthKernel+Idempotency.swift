extension AuthKernel {
  /// Throws if the claim can't be made, or was made within the last 24 hours.
  func checkUnused(
    _ claim: IdempotencyClaim, by actor: Actor
  ) async throws(LifecycleError) {
    guard (1...255).contains(claim.key.utf8.count),
      claim.key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
    else {
      throw .invalid(
        field: "Idempotency-Key", reason: "must be 1 to 255 bytes of printable ASCII")
    }
    // It is kept in clear.
    if formats.redactionOfRandom.holdsToken(claim.key) {
      throw .invalid(
        field: "Idempotency-Key", reason: "holds a token, which is a secret; make a random one")
    }
    let earlier = try await inStore { () async throws(StoreError) in
      try await store.idempotency(actor: actor.description, key: claim.key)
    }
    guard let earlier, let end = earlier.usedAt.adding(IdempotencyRecord.lifetime),
      time.now() <= end
    else { return }
    throw LifecycleError(.idempotencyUsed(earlier), claiming: claim)
  }
}
