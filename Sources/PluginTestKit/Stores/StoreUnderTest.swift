import CardeaContracts

/// A store for one promise, not opened yet, and what the kit may do to its storage.
public struct StoreUnderTest: Sendable {
  let store: any KeyStore
  let again: (@Sendable () async throws -> any KeyStore)?
  let abandon: @Sendable (any KeyStore) async throws -> Void
  let remove: @Sendable () -> Void

  /// - Parameters:
  ///   - store: the store, on fresh, empty storage.
  ///   - again: another instance on the same storage, not opened yet.
  ///   - abandon: what would happen to an open store whose process is killed: lets go of its locks
  ///     without writing anything. By default nothing is done to it at all.
  ///   - remove: deletes the storage.
  public init(
    _ store: any KeyStore, again: (@Sendable () async throws -> any KeyStore)? = nil,
    abandon: @escaping @Sendable (any KeyStore) async throws -> Void = { _ in },
    remove: @escaping @Sendable () -> Void = {}
  ) {
    self.store = store
    self.again = again
    self.abandon = abandon
    self.remove = remove
  }
}
