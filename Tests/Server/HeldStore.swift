import Cardea

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A real store that can hold a commit, and be told to fail.
final class HeldStore: KeyStore {
  /// A commit that waits.
  struct Hold: Sendable {
    fileprivate let arrival = AsyncStream<Void>.makeStream()
    fileprivate let permission = AsyncStream<Void>.makeStream()

    /// Returns once the commit waits.
    func reached() async {
      for await _ in arrival.stream { return }
    }

    func release() { permission.continuation.finish() }

    fileprivate func wait() async {
      arrival.continuation.yield()
      for await _ in permission.stream {}
    }
  }

  private let base: any KeyStore
  private let next = Locked<Hold?>(nil)
  private let failing = Locked(false)
  private let failingCommit = Locked<CommitFailure?>(nil)

  init(_ base: some KeyStore) { self.base = base }

  var id: String { base.id }

  /// Whether every call fails from now on.
  var fails: Bool {
    get { failing.withLock { $0 } }
    set { failing.withLock { $0 = newValue } }
  }

  /// When a commit fails: before it has done anything, or once it has.
  enum CommitFailure: Sendable { case before, after }

  /// How commits fail from now on, if they do.
  var failure: CommitFailure? {
    get { failingCommit.withLock { $0 } }
    set { failingCommit.withLock { $0 = newValue } }
  }

  func holdNextCommit() -> Hold {
    let hold = Hold()
    next.withLock { $0 = hold }
    return hold
  }

  private func check() throws(StoreError) {
    if fails { throw .unavailable("told to fail") }
  }

  func open() async throws(StoreError) { try await base.open() }
  func close() async { await base.close() }

  func find(prefix: String) async throws(StoreError) -> StoredKey? {
    try await base.find(prefix: prefix)
  }

  func find(id: UUID) async throws(StoreError) -> StoredKey? {
    try check()
    return try await base.find(id: id)
  }

  func keys(_ query: KeyQuery) async throws(StoreError) -> Page<StoredKey> {
    try check()
    return try await base.keys(query)
  }

  func owner(id: UUID) async throws(StoreError) -> OwnerRecord? {
    try check()
    return try await base.owner(id: id)
  }

  func owner(kind: OwnerRecord.Kind, name: String) async throws(StoreError) -> OwnerRecord? {
    try check()
    return try await base.owner(kind: kind, name: name)
  }

  func owners(_ query: OwnerQuery) async throws(StoreError) -> Page<OwnerRecord> {
    try check()
    return try await base.owners(query)
  }

  func commit(_ change: StoreChange) async throws(StoreError) -> Int64 {
    try check()
    let hold = next.withLock { next -> Hold? in
      defer { next = nil }
      return next
    }
    await hold?.wait()
    if failure == .before { throw .unavailable("told to fail") }
    let position = try await base.commit(change)
    if failure == .after { throw .unavailable("the answer was lost") }
    return position
  }

  func record(_ usage: [KeyUsage]) async throws(StoreError) { try await base.record(usage) }

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
