#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AuthKernel {
  /// Changes a key's name, description, class, scopes, expiry or metadata.
  public func updateKey(
    _ id: UUID, _ edit: KeyEdit, by actor: Actor
  ) async throws(LifecycleError) -> ChangedKey {
    try await change(id, by: actor, attempts: 1) {
      (stored: inout StoredKey, now: Timestamp) throws(LifecycleError) -> KeyUpdated? in
      try LifecycleRules.checkReach(stored.key, by: actor)
      try AuthKernel.checkLiving(stored.key, at: now)
      var changed: [String] = []
      if let name = edit.name {
        try LifecycleRules.checkName(name)
        stored.key.name = name
        changed.append("name")
      }
      if let description = edit.description {
        try LifecycleRules.checkDescription(description)
        stored.key.description = description
        changed.append("description")
      }
      if let keyClass = edit.keyClass {
        try LifecycleRules.checkClass(keyClass)
        stored.key.keyClass = keyClass
        changed.append("class")
      }
      if let scopes = edit.scopes {
        let set = try LifecycleRules.scopes(scopes, self.configuration)
        try LifecycleRules.checkGrant(set, by: actor)
        stored.key.scopes = set
        changed.append("scopes")
      }
      if let expiry = edit.expiry {
        if expiry == .standard {
          throw .invalid(field: "expires_in", reason: "must be a duration or never")
        }
        stored.key.expiresAt = try LifecycleRules.moment(
          of: expiry, at: now, self.configuration, by: actor)
        stored.key.expiryNoticeDays = self.passedNotice(of: stored.key.expiresAt, at: now)
        changed.append("expires_at")
      }
      if let metadata = edit.metadata {
        try LifecycleRules.checkMetadata(metadata, for: self.metadataReaders)
        stored.key.metadata = metadata
        changed.append("metadata")
      }
      if changed.isEmpty { return nil }
      return KeyUpdated(
        at: now, actor: actor.description, key: KeyFacts(stored, at: now), changed: changed)
    }
  }

  /// Ends a key for ever. Done already, it says so with the same answer.
  public func revokeKey(_ id: UUID, by actor: Actor) async throws(LifecycleError) -> ChangedKey {
    try await change(id, by: actor) {
      (stored: inout StoredKey, now: Timestamp) throws(LifecycleError) -> KeyRevoked? in
      try LifecycleRules.checkReach(stored.key, by: actor, includingExpiry: false)
      if stored.key.status == .revoked || stored.key.status == .purged { return nil }
      stored.key.status = .revoked
      return KeyRevoked(at: now, actor: actor.description, key: KeyFacts(stored, at: now))
    }
  }

  /// Stops a key until it is reactivated.
  public func suspendKey(_ id: UUID, by actor: Actor) async throws(LifecycleError) -> ChangedKey {
    try await change(id, by: actor) {
      (stored: inout StoredKey, now: Timestamp) throws(LifecycleError) -> KeySuspended? in
      try LifecycleRules.checkReach(stored.key, by: actor, includingExpiry: false)
      try AuthKernel.checkLiving(stored.key, at: now)
      if stored.key.status == .suspended { return nil }
      stored.key.status = .suspended
      return KeySuspended(at: now, actor: actor.description, key: KeyFacts(stored, at: now))
    }
  }

  /// Takes a suspension back.
  public func reactivateKey(
    _ id: UUID, by actor: Actor
  ) async throws(LifecycleError) -> ChangedKey {
    try await change(id, by: actor) {
      (stored: inout StoredKey, now: Timestamp) throws(LifecycleError) -> KeyReactivated? in
      try LifecycleRules.checkReach(stored.key, by: actor)
      try AuthKernel.checkLiving(stored.key, at: now)
      if stored.key.status == .active { return nil }
      stored.key.status = .active
      stored.key.reactivatedAt = now
      return KeyReactivated(at: now, actor: actor.description, key: KeyFacts(stored, at: now))
    }
  }

  /// Erases a key's secrets and whatever may be personal (name, description, owner, scopes, class, metadata), also
  /// from the signal log's payloads. A tombstone with prefix and dates stays.
  public func purgeKey(_ id: UUID, by actor: Actor) async throws(LifecycleError) -> ChangedKey {
    try await change(id, by: actor, erasesLog: true) {
      (stored: inout StoredKey, now: Timestamp) throws(LifecycleError) -> KeyPurged? in
      try LifecycleRules.checkReach(stored.key, by: actor, includingExpiry: false)
      if stored.key.status == .purged { return nil }
      stored.key.status = .purged
      stored.key.name = ""
      stored.key.description = ""
      stored.key.keyClass = "default"
      stored.key.scopes = []
      stored.key.metadata = [:]
      stored.key.secrets = []
      stored.key.ownerID = nil
      stored.owner = nil
      return KeyPurged(at: now, actor: actor.description, key: KeyFacts(stored, at: now))
    }
  }

  /// Revoked and purged keys stay what they are.
  static func checkLiving(_ key: KeyRecord, at now: Timestamp) throws(LifecycleError) {
    if key.status == .revoked || key.status == .purged { throw .wrongState(key.state(at: now)) }
  }
}
