extension AuthKernel {
  /// Goes through both logs and finds the first broken entry of each chain: edits, deletions, reorderings, cuts,
  /// entries that stand outside of every chain, and payloads that are missing without a purge or a prune.
  /// - Parameter keys: the public keys whose checkpoints count. With none, whoever may write to the database could
  ///   have made the logs anew: only accidents are found.
  public func verifyAudit(
    keys: [Ed25519.PublicKey] = []
  ) async throws(LifecycleError) -> AuditReport {
    let store = try logStore()
    return try await inStore { () async throws(StoreError) in
      var verifier = AuditVerifier(store: store, primitives: primitives, keys: keys)
      return try await verifier.run()
    }
  }
}
