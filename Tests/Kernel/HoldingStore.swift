import CardeaLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A real store that can hold the next re-hash, before or after it has taken effect.
final class HoldingStore: KeyStore {
  private let base: any KeyStore
  private let held = Locked<(gate: Gate, afterwards: Bool)?>(nil)

  private let replaced = AsyncStream<Void>.makeStream()

  init(_ base: some KeyStore) { self.base = base }

  /// Returns once a key has been replaced.
  func keyReplaced() async { for await _ in replaced.stream {} }

  /// Holds whoever comes, until it is opened.
  final class Gate: Sendable {
    private let arrived = AsyncStream<Void>.makeStream()
    private let opened = AsyncStream<Void>.makeStream()

    /// Returns once somebody is held.
    func reached() async { for await _ in arrived.stream {} }
    func open() { opened.continuation.finish() }

    fileprivate func pass() async {
      arrived.continuation.finish()
      for await _ in opened.stream {}
    }
  }

  /// - Parameter afterwards: whether the re-hash is held once it is done, rather than before.
  func holdNextRehash(afterwards: Bool) -> Gate {
    let gate = Gate()
    held.withLock { $0 = (gate, afterwards) }
    return gate
  }

  var id: String { base.id }

  func commit(_ change: StoreChange) async throws(StoreError) -> Int64 {
    let hold =
      change.rehash == nil
      ? nil
      : held.withLock { held in
        defer { held = nil }
        return held
      }
    if let hold, !hold.afterwards { await hold.gate.pass() }
    let position = try await base.commit(change)
    if case .replace = change.key { replaced.continuation.finish() }
    if let hold, hold.afterwards { await hold.gate.pass() }
    return position
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
  func record(_ usage: [KeyUsage]) async throws(StoreError) { try await base.record(usage) }
  func idempotency(actor: String, key: String) async throws(StoreError) -> IdempotencyRecord? {
    try await base.idempotency(actor: actor, key: key)
  }
  func log(after position: Int64, limit: Int) async throws(StoreError) -> [LogEntry] {
    try await base.log(after: position, limit: limit)
  }
  func logHead() async throws(StoreError) -> LogHead { try await base.logHead() }
}
