#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AuthKernel {
  /// Gives a key a new secret. With overlap zero every earlier secret dies at once; else the current one works
  /// on until the overlap ends. Expiry stays as it is. Of two rotations at once one wins, the other gets
  /// `.conflict`.
  public func rotateToken(
    _ id: UUID, _ rotation: Rotation = Rotation(), by actor: Actor
  ) async throws(LifecycleError) -> IssuedKey {
    try LifecycleRules.checkOverlap(rotation.overlap)
    if let claim = rotation.idempotency { try await checkUnused(claim, by: actor) }
    let before = try await key(id, for: actor)
    // Checked before the slow hash, and again on the record that is changed.
    try checkRotatable(before.key, rotation, by: actor, at: time.now())
    let format = try self.format(named: rotation.format ?? before.key.format)
    let built = try build(format, prefix: before.key.prefix)
    let hash = try await hashed(built.secret, prefix: before.key.prefix, by: actor)
    let changed = try await change(id, by: actor, attempts: 1, claiming: rotation.idempotency) {
      (stored: inout StoredKey, now: Timestamp) throws(LifecycleError) -> TokenRotated? in
      guard stored.key.revision == before.key.revision else { throw .conflict }
      try checkRotatable(stored.key, rotation, by: actor, at: now)
      let fresh = StoredSecret(id: newID(), hash: hash, format: format.name, createdAt: now)
      var overlapUntil: Timestamp?
      if rotation.overlap > .zero, var old = stored.key.secrets.last {
        old.endsAt = now.adding(rotation.overlap)
        overlapUntil = old.endsAt
        stored.key.secrets = [old, fresh]
      } else {
        stored.key.secrets = [fresh]
      }
      stored.key.format = format.name
      return TokenRotated(
        at: now, actor: actor.description, key: KeyFacts(stored, at: now),
        overlapUntil: overlapUntil)
    }
    return IssuedKey(stored: changed.stored, token: built.token, receipt: changed.receipt)
  }

  /// Ends an open overlap now: the old secret dies.
  public func completeRotation(
    _ id: UUID, by actor: Actor
  ) async throws(LifecycleError) -> ChangedKey {
    try await change(id, by: actor, attempts: 1) {
      (stored: inout StoredKey, now: Timestamp) throws(LifecycleError) -> RotationCompleted? in
      try LifecycleRules.checkHandOut(stored.key, by: actor)
      try AuthKernel.checkLiving(stored.key, at: now)
      guard stored.key.openOverlap(at: now) != nil, let new = stored.key.secrets.last else {
        throw .noRotation
      }
      stored.key.secrets = [new]
      return RotationCompleted(at: now, actor: actor.description, key: KeyFacts(stored, at: now))
    }
  }

  /// Takes an open rotation back: the new secret dies, the old one works on.
  public func cancelRotation(
    _ id: UUID, by actor: Actor
  ) async throws(LifecycleError) -> ChangedKey {
    try await change(id, by: actor, attempts: 1) {
      (stored: inout StoredKey, now: Timestamp) throws(LifecycleError) -> RotationCancelled? in
      try LifecycleRules.checkHandOut(stored.key, by: actor)
      try AuthKernel.checkLiving(stored.key, at: now)
      guard stored.key.openOverlap(at: now) != nil, var old = stored.key.secrets.first else {
        throw .noRotation
      }
      old.endsAt = nil
      stored.key.secrets = [old]
      stored.key.format = old.format
      return RotationCancelled(at: now, actor: actor.description, key: KeyFacts(stored, at: now))
    }
  }

  private func checkRotatable(
    _ key: KeyRecord, _ rotation: Rotation, by actor: Actor, at now: Timestamp
  ) throws(LifecycleError) {
    try LifecycleRules.checkHandOut(key, by: actor)
    try AuthKernel.checkLiving(key, at: now)
    if rotation.overlap > .zero, let until = key.openOverlap(at: now) {
      throw .rotationInProgress(until: until)
    }
  }
}
