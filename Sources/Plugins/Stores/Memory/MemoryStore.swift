import CardeaKernel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Keys, owners and the signal log in memory: for tests, for trying things out, and for services whose keys
/// come from elsewhere at every start. What it holds ends with the process.
///
/// It keeps every promise of ``KeyStore`` but durability, and since no other process can change it, the
/// kernel needs no lease for it.
///
/// Threading: from any task, many at once; one lock, never held while waiting.
public final class MemoryStore: DurableKeyStore {
  public let id = "store.memory"

  private let contents = Locked(Contents())
  private let cursors = Locked(MemorySubscriptions())

  public init() {}

  public func open() {}
  public func close() {}

  // MARK: Keys

  public func find(prefix: String) -> StoredKey? {
    contents.withLock { $0.key(prefix: prefix) }
  }

  public func find(id: UUID) -> StoredKey? {
    contents.withLock { $0.key(id: id) }
  }

  public func keys(_ query: KeyQuery) -> Page<StoredKey> {
    contents.withLock { $0.page(query) }
  }

  // MARK: Owners

  public func owner(id: UUID) -> OwnerRecord? {
    contents.withLock { $0.owners[id] }
  }

  public func owner(kind: OwnerRecord.Kind, name: String) -> OwnerRecord? {
    contents.withLock { $0.owner(kind: kind, name: name) }
  }

  public func owners(_ query: OwnerQuery) -> Page<OwnerRecord> {
    contents.withLock { $0.page(query) }
  }

  // MARK: Changes

  public func commit(_ change: StoreChange) throws(StoreError) -> Int64 {
    try contents.withLock { (contents) throws(StoreError) in try contents.apply(change) }
  }

  public func record(_ usage: [KeyUsage]) {
    contents.withLock { $0.apply(usage) }
  }

  public func hashUses(besides known: Set<String>) -> [HashUse] {
    contents.withLock { $0.hashUses(besides: known) }
  }

  public func idempotency(actor: String, key: String) -> IdempotencyRecord? {
    contents.withLock { $0.idempotency(actor: actor, key: key) }
  }

  // MARK: Durable subscriptions

  public func claim(_ claim: SubscriptionClaim) -> Int64? { cursors.withLock { $0.claim(claim) } }

  public func advance(_ step: SubscriptionStep) throws(StoreError) {
    try cursors.withLock { (cursors) throws(StoreError) in try cursors.advance(step) }
  }

  public func subscriptions() -> [SubscriptionRecord] { cursors.withLock { $0.records } }

  public func deadLetters(_ query: DeadLetterQuery) -> [DeadLetter] {
    cursors.withLock { $0.deadLetters(query) }
  }

  public func replay(subscription: String?, position: Int64?) -> Int {
    cursors.withLock { $0.replay(subscription: subscription, position: position) }
  }

  // MARK: Signal log

  public func log(after position: Int64, limit: Int) -> [LogEntry] {
    contents.withLock { $0.log.entries(after: position, limit: limit) }
  }

  public func logHead() -> LogHead {
    contents.withLock { $0.log.head }
  }
}
