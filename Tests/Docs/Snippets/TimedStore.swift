import CardeaContracts
import Foundation

/// Another store that says how long lookups and commits take.
public struct TimedStore<Base: KeyStore>: KeyStore {
  public let id = "store.timed"
  private let base: Base
  private let report: @Sendable (_ call: String, Duration) -> Void

  public init(_ base: Base, report: @escaping @Sendable (_ call: String, Duration) -> Void) {
    self.base = base
    self.report = report
  }

  public func find(prefix: String) async throws(StoreError) -> StoredKey? {
    let start = ContinuousClock.now
    defer { report("find", ContinuousClock.now - start) }
    return try await base.find(prefix: prefix)
  }
  public func commit(_ change: StoreChange) async throws(StoreError) -> Int64 {
    let start = ContinuousClock.now
    defer { report("commit", ContinuousClock.now - start) }
    return try await base.commit(change)
  }

  public func open() async throws(StoreError) { try await base.open() }
  public func close() async { await base.close() }
  public func find(id: UUID) async throws(StoreError) -> StoredKey? {
    try await base.find(id: id)
  }
  public func keys(_ query: KeyQuery) async throws(StoreError) -> Page<StoredKey> {
    try await base.keys(query)
  }
  public func owner(id: UUID) async throws(StoreError) -> OwnerRecord? {
    try await base.owner(id: id)
  }
  public func owner(
    kind: OwnerRecord.Kind, name: String
  ) async throws(StoreError) -> OwnerRecord? {
    try await base.owner(kind: kind, name: name)
  }
  public func owners(_ query: OwnerQuery) async throws(StoreError) -> Page<OwnerRecord> {
    try await base.owners(query)
  }
  public func record(_ usage: [KeyUsage]) async throws(StoreError) {
    try await base.record(usage)
  }
  public func idempotency(
    actor: String, key: String
  ) async throws(StoreError) -> IdempotencyRecord? {
    try await base.idempotency(actor: actor, key: key)
  }
  public func hashUses(besides known: Set<String>) async throws(StoreError) -> [HashUse] {
    try await base.hashUses(besides: known)
  }
  public func log(after position: Int64, limit: Int) async throws(StoreError) -> [LogEntry] {
    try await base.log(after: position, limit: limit)
  }
  public func logHead() async throws(StoreError) -> LogHead { try await base.logHead() }
}

/// Whoever wraps a store with more powers has them too.
extension TimedStore: DurableKeyStore where Base: DurableKeyStore {
  public func claim(_ claim: SubscriptionClaim) async throws(StoreError) -> Int64? {
    try await base.claim(claim)
  }
  public func advance(_ step: SubscriptionStep) async throws(StoreError) {
    try await base.advance(step)
  }
  public func subscriptions() async throws(StoreError) -> [SubscriptionRecord] {
    try await base.subscriptions()
  }
  public func deadLetters(_ query: DeadLetterQuery) async throws(StoreError) -> [DeadLetter] {
    try await base.deadLetters(query)
  }
  public func replay(
    subscription: String?, position: Int64?
  ) async throws(StoreError) -> Int {
    try await base.replay(subscription: subscription, position: position)
  }
}

/// Whoever wraps a shared store is one: without this, the kernel would trust its cache without a lease.
extension TimedStore: SharedKeyStore where Base: SharedKeyStore {
  public func poll(after position: Int64, limit: Int) throws(StoreError) -> [LogMark] {
    try base.poll(after: position, limit: limit)
  }
}

/// Else the nodes would count limits each for itself.
extension TimedStore: QuotaStore where Base: QuotaStore {
  public func draw(_ draws: [QuotaDraw]) async throws(StoreError) -> QuotaAnswer {
    try await base.draw(draws)
  }
}
