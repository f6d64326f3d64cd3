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
    if query.unusedBefore != nil, await !flushUsage() {
      throw .storeUnavailable("what was used last could not be written")
    }
    return try await inStore { () async throws(StoreError) in try await store.keys(query) }
  }

  /// Reads a key, lets `edit` change it, and replaces it if nobody else has meanwhile.
  /// - Parameters:
  ///   - attempts: how often to start over when somebody else has; 1 reports the conflict.
  ///   - edit: changes the key and gives the signal; `nil` if there is nothing to do.
  package func change(
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
