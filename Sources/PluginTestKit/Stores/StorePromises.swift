import CardeaContracts

/// What a ``KeyStore`` promises.
///
/// ```swift
/// StorePromises {
///   StoreUnderTest(MyMemoryStore())
/// }.all
///
/// StorePromises(powers: [.persists, .survivesKill, .shared]) {
///   let path = temporaryPath()
///   return StoreUnderTest(
///     MyFileStore(path), again: { MyFileStore(path) }, remove: { delete(path) })
/// }.all
/// ```
public struct StorePromises: Sendable {
  /// What a store can do beyond the contract's least.
  public enum Power: Sendable {
    /// Everything is still there when it is closed and opened again.
    case persists
    /// Everything acknowledged is still there though it was never closed.
    case survivesKill
    /// It is a ``SharedKeyStore``: several processes change it at the same time.
    case shared
    /// It is a ``DurableKeyStore``: it keeps the cursors of durable subscriptions.
    case durable
    /// It is a ``PluginRecordStore``: it keeps records of plugins' own.
    case records
    /// It is an ``AccessLogStore``: it keeps the access log too.
    case accessLog
    /// It is a ``UsageCountingStore``: it counts what its access log says of a key.
    case usage
    /// It is a ``BulkKeyStore``: it takes many changes in one call.
    case bulk
    /// It is a ``QuotaStore``: it counts limits for many nodes.
    case quota
    /// It is a ``ManyNodeStore``: it tells the processes that share it of one another. Together with ``shared``.
    case nodes
  }

  let powers: Set<Power>
  let make: @Sendable () async throws -> StoreUnderTest

  /// - Parameters:
  ///   - powers: what the store can do beyond the contract's least; each brings promises of its
  ///     own.
  ///   - make: makes a store on fresh, empty storage, not opened yet.
  public init(
    powers: Set<Power> = [], _ make: @escaping @Sendable () async throws -> StoreUnderTest
  ) {
    self.powers = powers
    self.make = make
  }

  public var all: [Promise] {
    [
      Promise("has a stable id, namespaced by kind", identity(0)),
      Promise("registers itself once, under its id and kind", identity(1)),
    ] + records + refusals + rehearsals + races + log + use + hashes + listings + cursors
      + pluginRecords
      + persistence + sharing + accessLog + usage + bulk + quota + nodes
  }

  /// The promises of every plugin take a closure that makes one; a store's is asynchronous.
  private func identity(_ index: Int) -> @Sendable () async throws -> Void {
    {
      let test = try await make()
      let again = try await make()
      let stores = Tally<any KeyStore>()
      stores.add(again.store)
      let promises = identityPromises(kind: "store") {
        stores.all.count > 1 ? again.store : test.store
      }
      try await promises[index].check()
      test.remove()
      again.remove()
    }
  }

  /// A promise of one open store, closed and removed afterwards.
  func promise(
    _ name: String, _ body: @escaping @Sendable (any KeyStore) async throws -> Void
  ) -> Promise {
    Promise(name) {
      let test = try await make()
      defer { test.remove() }
      try await test.store.open()
      do { try await body(test.store) } catch {
        await test.store.close()
        throw error
      }
      await test.store.close()
    }
  }
}
