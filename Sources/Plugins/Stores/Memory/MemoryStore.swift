import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Keys, owners, the signal log and the access log in memory: for tests, for trying things out, and for services whose keys
/// come from elsewhere at every start. What it holds ends with the process.
///
/// It keeps every promise of ``KeyStore`` and ``UsageCountingStore`` but durability. Its access log is bounded: beyond
/// ``init(accessEntries:clock:)`` the oldest entries go, as in a prune. Since no other process can change it, the
/// kernel needs no lease for it.
///
/// Threading: from any task, many at once; one lock, never held while waiting.
public final class MemoryStore: PluginRecordStore, BulkKeyStore, UsageCountingStore, QuotaStore {
  public let id = "store.memory"

  private let contents = Locked(Contents())
  private let accessEntries: Int
  private let clock: any KernelClock

  /// - Parameters:
  ///   - accessEntries: the entries of the access log that are kept, some 500 bytes each.
  ///   - clock: the store's time, by which limits are counted.
  public init(accessEntries: Int = 100_000, clock: any KernelClock = SystemClock()) {
    self.accessEntries = accessEntries
    self.clock = clock
  }

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

  public func commit(_ changes: [StoreChange]) -> [Result<Int64, StoreError>] {
    contents.withLock { contents in
      changes.map { change in
        Result { () throws(StoreError) in try contents.apply(change) }
      }
    }
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

  public func claim(_ claim: SubscriptionClaim) -> Int64? {
    contents.withLock { $0.cursors.claim(claim) }
  }

  public func advance(_ step: SubscriptionStep) throws(StoreError) {
    try contents.withLock { (contents) throws(StoreError) in try contents.cursors.advance(step) }
  }

  public func subscriptions() -> [SubscriptionRecord] { contents.withLock { $0.cursors.records } }

  public func deadLetters(_ query: DeadLetterQuery) -> [DeadLetter] {
    contents.withLock { $0.cursors.deadLetters(query) }
  }

  public func replay(subscription: String?, position: Int64?) -> Int {
    contents.withLock { $0.cursors.replay(subscription: subscription, position: position) }
  }

  // MARK: Plugins' own records

  public func pluginRecords(_ collection: String) -> [PluginRecord] {
    contents.withLock { $0.records.all(collection) }
  }

  public func pluginRecord(_ id: UUID, in collection: String) -> PluginRecord? {
    contents.withLock { $0.records.one(id, collection) }
  }

  public func put(_ record: PluginRecord, in collection: String) throws(StoreError) {
    try contents.withLock { (contents) throws(StoreError) in
      try contents.records.put(record, collection)
    }
  }

  public func removeRecords(
    _ id: UUID, from collections: [String], subscription: String
  ) -> Bool {
    contents.withLock { contents in
      contents.cursors.forget(subscription)
      return contents.records.remove(id, collections)
    }
  }

  // MARK: Limits

  public func draw(_ draws: [QuotaDraw]) -> QuotaAnswer {
    contents.withLock { contents in
      // Inside the lock, so that time does not go back between two draws.
      let now = clock.now()
      return QuotaAnswer(now: now, grants: contents.quotas.draw(draws, at: now.nanoseconds))
    }
  }

  // MARK: Signal log

  public func log(after position: Int64, limit: Int) -> [LogEntry] {
    contents.withLock { $0.log.entries(after: position, limit: limit) }
  }

  public func logHead() -> LogHead {
    contents.withLock { $0.log.head }
  }

  public func signalEntries(_ filter: LogFilter) -> [Numbered<LogEntry>] {
    contents.withLock { contents in
      let all = contents.log.entries(after: 0, limit: .max)
      return filter.page(of: all.map { Numbered(number: $0.position, entry: $0) }) {
        filter.takes($0)
      }
    }
  }

  // MARK: Access log

  public var dropsOldEntries: Bool { true }

  public func append(_ batch: AccessBatch) throws(StoreError) -> AccessHead {
    try contents.withLock { (contents) throws(StoreError) in
      try contents.append(batch, keeping: accessEntries)
    }
  }

  public func accessHead(node: String) -> AccessHead {
    contents.withLock { $0.accessLog.head(node) }
  }

  public func accessHeads() -> [AccessHead] { contents.withLock { $0.accessLog.allHeads } }

  public func accessLog(node: String, after position: Int64, limit: Int) -> [AccessEntry] {
    contents.withLock { $0.accessLog.entries(node: node, after: position, limit: limit) }
  }

  public func accessEntries(_ filter: LogFilter) -> [Numbered<AccessEntry>] {
    contents.withLock { $0.accessLog.entries(filter) }
  }

  public func usage(_ query: UsageQuery) -> UsageCounts {
    let entries = contents.withLock { $0.accessLog.entries(query) }
    return UsageCounts(entries, mostPaths: query.mostPaths)
  }

  // MARK: Pruning and checkpoints

  public func prunable(before cutoff: Timestamp) -> PrunePlan {
    contents.withLock { contents in
      let old = contents.log.entries(after: 0, limit: .max).prefix { $0.at < cutoff }
      return PrunePlan(
        nodes: contents.accessLog.prunable(before: cutoff),
        signalPosition: old.last?.position ?? 0,
        signalPayloads: Int64(old.count { $0.payload != nil }))
    }
  }

  public func pruneAccess(node: String, through position: Int64, limit: Int) -> Int {
    contents.withLock { $0.accessLog.prune(node: node, through: position, limit: limit) }
  }

  public func pruneSignals(through position: Int64, limit: Int) -> Int {
    contents.withLock { $0.log.erase(through: position, limit: limit) }
  }

  public func checkpoint(
    _ draft: @escaping @Sendable (_ last: Checkpoint?, CheckpointHeads) -> Checkpoint?
  ) -> Checkpoint? {
    contents.withLock { $0.checkpoint(draft) }
  }

  public func checkpoints(after number: Int64, limit: Int) -> [Checkpoint] {
    contents.withLock { contents in
      Array(contents.accessLog.checkpoints.filter { $0.number > number }.prefix(max(limit, 0)))
    }
  }
}
