import CardeaLifecycle
import Dispatch

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A real store that counts its calls, can be told to fail, and can hold a reader after its read.
final class CountingStore: KeyStore {
  private let base: any KeyStore
  private let state = Locked(State())

  private struct State {
    var finds = 0
    var writes = 0
    var usage: [KeyUsage] = []
    var fails = false
    var failsAfterCommit = false
    var losesUsage = false
    var holdUsage: (@Sendable () async -> Void)?
    var heldUsages = 0
    var afterFind: (@Sendable () async -> Void)?
  }

  init(_ base: some KeyStore) { self.base = base }

  var id: String { base.id }
  var finds: Int { state.withLock { $0.finds } }
  var writes: Int { state.withLock { $0.writes } }
  var usage: [KeyUsage] { state.withLock { $0.usage } }
  var fails: Bool {
    get { state.withLock { $0.fails } }
    set { state.withLock { $0.fails = newValue } }
  }
  /// Whether a commit takes effect but reports that it failed.
  var failsAfterCommit: Bool {
    get { state.withLock { $0.failsAfterCommit } }
    set { state.withLock { $0.failsAfterCommit = newValue } }
  }
  /// Whether what was used can't be written, though all else can.
  var losesUsage: Bool {
    get { state.withLock { $0.losesUsage } }
    set { state.withLock { $0.losesUsage = newValue } }
  }
  /// Runs before what was used is written, each time.
  func holdUsage(_ body: @escaping @Sendable () async -> Void) {
    state.withLock { $0.holdUsage = body }
  }
  var heldUsages: Int { state.withLock { $0.heldUsages } }
  /// Runs between a read and its answer, once.
  func holdNextFind(_ body: @escaping @Sendable () async -> Void) {
    state.withLock { $0.afterFind = body }
  }

  private func check() throws(StoreError) {
    if fails { throw .unavailable("told to fail") }
  }

  func open() async throws(StoreError) { try await base.open() }
  func close() async { await base.close() }

  func find(prefix: String) async throws(StoreError) -> StoredKey? {
    state.withLock { $0.finds += 1 }
    try check()
    let found = try await base.find(prefix: prefix)
    let hold = state.withLock { state in
      defer { state.afterFind = nil }
      return state.afterFind
    }
    await hold?()
    return found
  }

  func find(id: UUID) async throws(StoreError) -> StoredKey? {
    try check()
    return try await base.find(id: id)
  }
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
    state.withLock { $0.writes += 1 }
    try check()
    let position = try await base.commit(change)
    if failsAfterCommit { throw .unavailable("the answer was lost") }
    return position
  }
  func record(_ usage: [KeyUsage]) async throws(StoreError) {
    let hold = state.withLock { state in
      state.heldUsages += 1
      return state.holdUsage
    }
    await hold?()
    state.withLock { $0.usage += usage }
    if losesUsage { throw .unavailable("told to lose usage") }
    try check()
    try await base.record(usage)
  }
  func idempotency(actor: String, key: String) async throws(StoreError) -> IdempotencyRecord? {
    try await base.idempotency(actor: actor, key: key)
  }
  func log(after position: Int64, limit: Int) async throws(StoreError) -> [LogEntry] {
    try await base.log(after: position, limit: limit)
  }
  func logHead() async throws(StoreError) -> LogHead {
    try check()
    return try await base.logHead()
  }
}
