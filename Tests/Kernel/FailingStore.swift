import CardeaKernel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A real store whose Nth call fails, before it has done anything or after it has done everything.
final class FailingStore: DurableKeyStore {
  enum Moment: String, CaseIterable, Sendable { case before, after }

  private let base: any DurableKeyStore
  private let state = Locked(State())

  private struct State {
    var calls = 0
    var failing: (call: Int, moment: Moment)?
  }

  init(_ base: some DurableKeyStore) { self.base = base }

  var id: String { base.id }

  /// Calls since ``fail(call:_:)``.
  var calls: Int { state.withLock { $0.calls } }

  /// From here on, counted from 1, that call fails. 0 lets every call through.
  func fail(call: Int, _ moment: Moment) {
    state.withLock { $0 = State(calls: 0, failing: (call, moment)) }
  }

  private func call<Value>(
    _ body: () async throws(StoreError) -> Value
  ) async throws(StoreError) -> Value {
    let moment = state.withLock { state -> Moment? in
      state.calls += 1
      return state.failing.flatMap { $0.call == state.calls ? $0.moment : nil }
    }
    if moment == .before { throw .unavailable("told to fail") }
    let value = try await body()
    if moment == .after { throw .unavailable("the answer was lost") }
    return value
  }

  func open() async throws(StoreError) { try await base.open() }
  func close() async { await base.close() }
  func find(prefix: String) async throws(StoreError) -> StoredKey? {
    try await call { () async throws(StoreError) in try await base.find(prefix: prefix) }
  }
  func find(id: UUID) async throws(StoreError) -> StoredKey? {
    try await call { () async throws(StoreError) in try await base.find(id: id) }
  }
  func keys(_ query: KeyQuery) async throws(StoreError) -> Page<StoredKey> {
    try await call { () async throws(StoreError) in try await base.keys(query) }
  }
  func owner(id: UUID) async throws(StoreError) -> OwnerRecord? {
    try await call { () async throws(StoreError) in try await base.owner(id: id) }
  }
  func owner(kind: OwnerRecord.Kind, name: String) async throws(StoreError) -> OwnerRecord? {
    try await call { () async throws(StoreError) in try await base.owner(kind: kind, name: name) }
  }
  func owners(_ query: OwnerQuery) async throws(StoreError) -> Page<OwnerRecord> {
    try await call { () async throws(StoreError) in try await base.owners(query) }
  }
  func commit(_ change: StoreChange) async throws(StoreError) -> Int64 {
    try await call { () async throws(StoreError) in try await base.commit(change) }
  }
  func record(_ usage: [KeyUsage]) async throws(StoreError) {
    try await call { () async throws(StoreError) in try await base.record(usage) }
  }
  func idempotency(actor: String, key: String) async throws(StoreError) -> IdempotencyRecord? {
    try await call { () async throws(StoreError) in
      try await base.idempotency(actor: actor, key: key)
    }
  }
  func hashUses(besides known: Set<String>) async throws(StoreError) -> [HashUse] {
    try await base.hashUses(besides: known)
  }
  func log(after position: Int64, limit: Int) async throws(StoreError) -> [LogEntry] {
    try await call { () async throws(StoreError) in
      try await base.log(after: position, limit: limit)
    }
  }
  func logHead() async throws(StoreError) -> LogHead {
    try await call { () async throws(StoreError) in try await base.logHead() }
  }
  func claim(_ claim: SubscriptionClaim) async throws(StoreError) -> Int64? {
    try await call { () async throws(StoreError) in try await base.claim(claim) }
  }
  func advance(_ step: SubscriptionStep) async throws(StoreError) {
    try await call { () async throws(StoreError) in try await base.advance(step) }
  }
  func subscriptions() async throws(StoreError) -> [SubscriptionRecord] {
    try await call { () async throws(StoreError) in try await base.subscriptions() }
  }
  func deadLetters(_ query: DeadLetterQuery) async throws(StoreError) -> [DeadLetter] {
    try await call { () async throws(StoreError) in try await base.deadLetters(query) }
  }
  func replay(subscription: String?, position: Int64?) async throws(StoreError) -> Int {
    try await call { () async throws(StoreError) in
      try await base.replay(subscription: subscription, position: position)
    }
  }
}
