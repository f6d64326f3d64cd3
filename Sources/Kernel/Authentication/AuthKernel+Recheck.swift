extension AuthKernel {
  /// The verdict on a key that was let on before, as the key stands now: for what lasts longer than a request, such
  /// as a stream. Nothing is recorded, and no policy is asked.
  /// - Returns: as a rule from memory; after a change of the key or its owner the store is asked once, if the
  ///   identity that is given back is used from then on.
  public func recheck(
    _ identity: Identity, requiring requirement: Requirement = .none
  ) async -> Verdict {
    var known = identity.token
    for _ in 0..<8 {
      var readBegan: UInt64?
      var isStale = false
      if !isTrusted(known, readBegan: nil) {
        readBegan = time.monotonic()
        let readAt = stamps.beforeReading()
        do throws(StoreError) {
          guard let stored = try await lookUpToAdmit(known.key.prefix) else {
            return .deny(Denial(.unknown))
          }
          known = KnownToken(
            stored, digest: known.digest, stamp: stamps.stamp(readAt: readAt, stored),
            match: stored.key.secrets.first { $0.id == known.secretID }, session: known.session)
        } catch {
          isStale = true
        }
      }
      let denial = judgeLifecycle(known, requirement, time.now())
      if isStale ? isServedStale(known) : isTrusted(known, readBegan: readBegan) {
        return denial.map { .deny($0) } ?? .allow(Identity(token: known))
      }
      if isStale { break }
    }
    return .deny(Denial(.storeUnavailable))
  }
}
