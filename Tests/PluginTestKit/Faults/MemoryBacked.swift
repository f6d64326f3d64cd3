import CardeaLifecycle
import CardeaMemoryStore
import Foundation

/// A store that is the memory store but for what it implements itself.
protocol MemoryBacked: KeyStore {
  var base: MemoryStore { get }
}

extension MemoryBacked {
  var id: String { "store.faulty" }

  func open() async throws(StoreError) { base.open() }
  func close() async { base.close() }
  func find(prefix: String) async throws(StoreError) -> StoredKey? { base.find(prefix: prefix) }
  func find(id: UUID) async throws(StoreError) -> StoredKey? { base.find(id: id) }
  func keys(_ query: KeyQuery) async throws(StoreError) -> Page<StoredKey> { base.keys(query) }
  func owner(id: UUID) async throws(StoreError) -> OwnerRecord? { base.owner(id: id) }
  func owner(kind: OwnerRecord.Kind, name: String) async throws(StoreError) -> OwnerRecord? {
    base.owner(kind: kind, name: name)
  }
  func owners(_ query: OwnerQuery) async throws(StoreError) -> Page<OwnerRecord> {
    base.owners(query)
  }
  func commit(_ change: StoreChange) async throws(StoreError) -> Int64 { try base.commit(change) }
  func record(_ usage: [KeyUsage]) async throws(StoreError) { base.record(usage) }
  func idempotency(actor: String, key: String) async throws(StoreError) -> IdempotencyRecord? {
    base.idempotency(actor: actor, key: key)
  }
  func log(after position: Int64, limit: Int) async throws(StoreError) -> [LogEntry] {
    base.log(after: position, limit: limit)
  }
  func logHead() async throws(StoreError) -> LogHead { base.logHead() }
}
