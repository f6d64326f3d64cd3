import CardeaLifecycle
import Foundation

/// Everything that a store of ours can do.
public typealias WholeStore = DurableKeyStore & AccessLogStore & BulkKeyStore

/// Which call of a ``FailingStore`` fails: before it has done anything, or after it has done everything.
public final class PlannedFailure: Sendable {
  public enum Moment: String, CaseIterable, Sendable { case before, after }

  private struct State {
    var calls = 0
    var failing: (call: Int, moment: Moment)?
  }

  private let state = Locked(State())

  public init() {}

  /// Calls since ``fail(call:_:)``.
  public var calls: Int { state.withLock { $0.calls } }

  /// From here on, counted from 1, that call fails.
  public func fail(call: Int, _ moment: Moment) {
    state.withLock { $0 = State(calls: 0, failing: (call, moment)) }
  }

  /// From here on every call gets through; they are counted all the same.
  public func stop() { state.withLock { $0 = State() } }

  fileprivate func next() -> Moment? {
    state.withLock { state in
      state.calls += 1
      return state.failing.flatMap { $0.call == state.calls ? $0.moment : nil }
    }
  }
}

/// A real store, opened already, of which one planned call fails. It is shared if the real one is.
public final class FailingStore<Base: WholeStore>: WholeStore {
  private let base: Base
  private let failure: PlannedFailure

  public init(_ base: Base, _ failure: PlannedFailure) {
    self.base = base
    self.failure = failure
  }

  public var id: String { base.id }
  public var dropsOldEntries: Bool { base.dropsOldEntries }

  private func call<Value>(
    _ body: () async throws(StoreError) -> Value
  ) async throws(StoreError) -> Value {
    let moment = failure.next()
    if moment == .before { throw .unavailable("told to fail") }
    let value = try await body()
    if moment == .after { throw .unavailable("the answer was lost") }
    return value
  }

  /// Whoever made the real store opens and closes it: several kernels may look at it here.
  public func open() {}
  public func close() {}

  // MARK: Keys and owners

  public func find(prefix: String) async throws(StoreError) -> StoredKey? {
    try await call { () async throws(StoreError) in try await base.find(prefix: prefix) }
  }
  public func find(id: UUID) async throws(StoreError) -> StoredKey? {
    try await call { () async throws(StoreError) in try await base.find(id: id) }
  }
  public func keys(_ query: KeyQuery) async throws(StoreError) -> Page<StoredKey> {
    try await call { () async throws(StoreError) in try await base.keys(query) }
  }
  public func owner(id: UUID) async throws(StoreError) -> OwnerRecord? {
    try await call { () async throws(StoreError) in try await base.owner(id: id) }
  }
  public func owner(kind: OwnerRecord.Kind, name: String) async throws(StoreError) -> OwnerRecord? {
    try await call { () async throws(StoreError) in try await base.owner(kind: kind, name: name) }
  }
  public func owners(_ query: OwnerQuery) async throws(StoreError) -> Page<OwnerRecord> {
    try await call { () async throws(StoreError) in try await base.owners(query) }
  }
  public func commit(_ change: StoreChange) async throws(StoreError) -> Int64 {
    try await call { () async throws(StoreError) in try await base.commit(change) }
  }
  public func commit(_ changes: [StoreChange]) async -> [Result<Int64, StoreError>] {
    do throws(StoreError) {
      return try await call { () async throws(StoreError) in await base.commit(changes) }
    } catch {
      return changes.map { _ in .failure(error) }
    }
  }
  public func record(_ usage: [KeyUsage]) async throws(StoreError) {
    try await call { () async throws(StoreError) in try await base.record(usage) }
  }
  public func idempotency(actor: String, key: String) async throws(StoreError) -> IdempotencyRecord?
  {
    try await call { () async throws(StoreError) in
      try await base.idempotency(actor: actor, key: key)
    }
  }
  public func hashUses(besides known: Set<String>) async throws(StoreError) -> [HashUse] {
    try await base.hashUses(besides: known)
  }

  // MARK: The signal log and its readers

  public func log(after position: Int64, limit: Int) async throws(StoreError) -> [LogEntry] {
    try await call { () async throws(StoreError) in
      try await base.log(after: position, limit: limit)
    }
  }
  public func logHead() async throws(StoreError) -> LogHead {
    try await call { () async throws(StoreError) in try await base.logHead() }
  }
  public func claim(_ claim: SubscriptionClaim) async throws(StoreError) -> Int64? {
    try await call { () async throws(StoreError) in try await base.claim(claim) }
  }
  public func advance(_ step: SubscriptionStep) async throws(StoreError) {
    try await call { () async throws(StoreError) in try await base.advance(step) }
  }
  public func subscriptions() async throws(StoreError) -> [SubscriptionRecord] {
    try await call { () async throws(StoreError) in try await base.subscriptions() }
  }
  public func deadLetters(_ query: DeadLetterQuery) async throws(StoreError) -> [DeadLetter] {
    try await call { () async throws(StoreError) in try await base.deadLetters(query) }
  }
  public func replay(subscription: String?, position: Int64?) async throws(StoreError) -> Int {
    try await call { () async throws(StoreError) in
      try await base.replay(subscription: subscription, position: position)
    }
  }

  // MARK: The access log

  public func append(_ batch: AccessBatch) async throws(StoreError) -> AccessHead {
    try await call { () async throws(StoreError) in try await base.append(batch) }
  }
  public func accessHead(node: String) async throws(StoreError) -> AccessHead {
    try await call { () async throws(StoreError) in try await base.accessHead(node: node) }
  }
  public func headlessEntries() async throws(StoreError) -> Int64 {
    try await call { () async throws(StoreError) in try await base.headlessEntries() }
  }
  public func accessHeads() async throws(StoreError) -> [AccessHead] {
    try await call { () async throws(StoreError) in try await base.accessHeads() }
  }
  public func accessLog(
    node: String, after position: Int64, limit: Int
  ) async throws(StoreError) -> [AccessEntry] {
    try await call { () async throws(StoreError) in
      try await base.accessLog(node: node, after: position, limit: limit)
    }
  }
  public func accessEntries(_ filter: LogFilter) async throws(StoreError) -> [Numbered<AccessEntry>]
  {
    try await call { () async throws(StoreError) in try await base.accessEntries(filter) }
  }
  public func signalEntries(_ filter: LogFilter) async throws(StoreError) -> [Numbered<LogEntry>] {
    try await call { () async throws(StoreError) in try await base.signalEntries(filter) }
  }
  public func prunable(before cutoff: Timestamp) async throws(StoreError) -> PrunePlan {
    try await call { () async throws(StoreError) in try await base.prunable(before: cutoff) }
  }
  public func pruneAccess(
    node: String, through position: Int64, limit: Int
  ) async throws(StoreError) -> Int {
    try await call { () async throws(StoreError) in
      try await base.pruneAccess(node: node, through: position, limit: limit)
    }
  }
  public func pruneSignals(through position: Int64, limit: Int) async throws(StoreError) -> Int {
    try await call { () async throws(StoreError) in
      try await base.pruneSignals(through: position, limit: limit)
    }
  }
  public func checkpoint(
    _ draft: @escaping @Sendable (Checkpoint?, CheckpointHeads) -> Checkpoint?
  ) async throws(StoreError) -> Checkpoint? {
    try await call { () async throws(StoreError) in try await base.checkpoint(draft) }
  }
  public func checkpoints(after number: Int64, limit: Int) async throws(StoreError) -> [Checkpoint]
  {
    try await call { () async throws(StoreError) in
      try await base.checkpoints(after: number, limit: limit)
    }
  }
}

extension FailingStore: SharedKeyStore where Base: SharedKeyStore {
  public func poll(after position: Int64, limit: Int) throws(StoreError) -> [LogMark] {
    try base.poll(after: position, limit: limit)
  }
}
