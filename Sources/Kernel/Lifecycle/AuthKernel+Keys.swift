#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension AuthKernel {
  /// The key of this id, or `.notFound`.
  public func key(_ id: UUID) async throws(LifecycleError) -> StoredKey {
    let found = try await inStore { () async throws(StoreError) in try await store.find(id: id) }
    guard let found else { throw .notFound("key") }
    return found
  }

  /// The key of this id, or `.notFound` if there is none or it is not there for this actor: both answer alike.
  public func key(_ id: UUID, for actor: Actor) async throws(LifecycleError) -> StoredKey {
    let stored = try await key(id)
    guard actor.sees(stored.key) else { throw .notFound("key") }
    return stored
  }

  /// The key of this prefix, or `.notFound`.
  public func key(prefix: String) async throws(LifecycleError) -> StoredKey {
    let found = try await inStore { () async throws(StoreError) in
      try await store.find(prefix: prefix)
    }
    guard let found else { throw .notFound("key") }
    return found
  }

  /// A page of keys. Asked for unused ones, it writes gathered usage first. A cursor of another order is
  /// `.invalid`.
  public func keys(_ query: KeyQuery) async throws(LifecycleError) -> Page<StoredKey> {
    if let after = query.after, after.sort != query.sort {
      throw .invalid(
        field: "cursor",
        reason: "is of a listing sorted by \(after.sort.rawValue), not by \(query.sort.rawValue); "
          + "begin with the first page")
    }
    if query.unusedBefore != nil { await flushUsage() }
    return try await inStore { () async throws(StoreError) in try await store.keys(query) }
  }

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

  /// Reads a key, lets `edit` change it, and replaces it if nobody else has meanwhile.
  /// - Parameters:
  ///   - attempts: how often to start over when somebody else has; 1 reports the conflict.
  ///   - edit: changes the key and gives the signal; `nil` if there is nothing to do.
  func change(
    _ id: UUID, by actor: Actor, attempts: Int = 16, erasesLog: Bool = false,
    claiming claim: IdempotencyClaim? = nil,
    _ edit: (inout StoredKey, Timestamp) throws(LifecycleError) -> (some ChangeSignal)?
  ) async throws(LifecycleError) -> ChangedKey {
    for attempt in 1... {
      var stored = try await key(id, for: actor)
      let expected = stored.key.revision
      let now = time.now()
      guard let signal = try edit(&stored, now) else {
        return ChangedKey(
          stored: stored, receipt: try await receiptOfNothing(prefix: stored.key.prefix))
      }
      // Secrets whose overlap is over go with the next change.
      stored.key.secrets.removeAll { $0.endsAt.map { $0 <= now } ?? false }
      stored.key.revision = expected + 1
      let announcement = try announce(signal, key: stored.key)
      do throws(StoreError) {
        let receipt = try await commit([announcement], rehearsing: actor.isRehearsing) {
          [stored] change in
          change.key = .replace(stored.key, expected: expected)
          if erasesLog { change.erasesLogOf = id }
          change.idempotency = claim?.use(by: actor, for: id, at: now)
        }
        return ChangedKey(stored: stored, receipt: receipt)
      } catch {
        if case .conflict = error, attempt < attempts { continue }
        throw LifecycleError(error, claiming: claim)
      }
    }
    throw .conflict
  }
}
