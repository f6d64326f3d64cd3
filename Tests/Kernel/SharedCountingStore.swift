import CardeaLifecycle
import CardeaMemoryStore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A store in memory that says others change it too, so that the kernel keeps a lease.
final class SharedCountingStore: SharedKeyStore {
  let base = CountingStore(MemoryStore())
  let id = "store.shared"

  /// What others did, as the next poll tells it.
  private let marks = Locked<[LogMark]>([])
  func tell(_ mark: LogMark) { marks.withLock { $0.append(mark) } }

  /// Polls so far.
  let polls = Tally()
  /// Called with each.
  let whenPolled = Locked<(@Sendable () -> Void)?>(nil)

  func poll(after position: Int64, limit: Int) throws(StoreError) -> [LogMark] {
    polls.add()
    whenPolled.withLock { $0 }?()
    if base.fails { throw .unavailable("told to fail") }
    return marks.withLock { $0.filter { $0.position > position } }
  }

  func open() async throws(StoreError) { try await base.open() }
  func close() async { await base.close() }
  func find(prefix: String) async throws(StoreError) -> StoredKey? {
    try await base.find(prefix: prefix)
  }
  func find(id: UUID) async throws(StoreError) -> StoredKey? { try await base.find(id: id) }
  func keys(_ query: KeyQuery) async throws(StoreError) -> Page<StoredKey> {
    try await base.keys(query)
  }
  func owner(id: UUID) async throws(StoreError) -> OwnerRecord? { try await base.owner(id: id) }
  func owner(kind: OwnerRecord.Kind, name: String) async throws(StoreError) -> OwnerRecord? {
    try await base.owner(kind: kind, name: name)
  }
  func owners(_ query: OwnerQuery) async throws(StoreError) -> Page<OwnerRecord> {
    try await base.owners(query)
  }
  func commit(_ change: StoreChange) async throws(StoreError) -> Int64 {
    try await base.commit(change)
  }
  func record(_ usage: [KeyUsage]) async throws(StoreError) { try await base.record(usage) }
  func idempotency(actor: String, key: String) async throws(StoreError) -> IdempotencyRecord? {
    try await base.idempotency(actor: actor, key: key)
  }
  func log(after position: Int64, limit: Int) async throws(StoreError) -> [LogEntry] {
    try await base.log(after: position, limit: limit)
  }
  func logHead() async throws(StoreError) -> LogHead { try await base.logHead() }
}
