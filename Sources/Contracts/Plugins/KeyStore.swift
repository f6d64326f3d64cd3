#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Keeps keys, owners and the signal log.
///
/// Promises (the conformance kit checks each):
/// - `commit` is all or nothing: records and log entries together, on disk before it returns (unless the
///   store is memory only), or nothing and an error.
/// - `commit` compares revisions: of two changes based on one revision, one wins, the other gets `.conflict`.
/// - prefixes, key ids, and owners' (kind, name) are unique; an owner's key limit is enforced without a race.
/// - positions in the log start at 1, rise by 1, and become visible in order.
///
/// Threading: from any task, many at once.
public protocol KeyStore: Plugin {
  /// Opens files or connections. Called once, before anything else.
  func open() async throws(StoreError)
  /// Flushes and closes. Nothing is called after it.
  func close() async

  /// The key under this prefix, with its secrets and its owner.
  func find(prefix: String) async throws(StoreError) -> StoredKey?
  /// The key of this id, with its secrets and its owner.
  func find(id: UUID) async throws(StoreError) -> StoredKey?
  /// One page of keys, in the query's order.
  func keys(_ query: KeyQuery) async throws(StoreError) -> Page<StoredKey>

  /// The owner of this id.
  func owner(id: UUID) async throws(StoreError) -> OwnerRecord?
  /// The owner of this kind and name, byte for byte.
  func owner(kind: OwnerRecord.Kind, name: String) async throws(StoreError) -> OwnerRecord?
  /// One page of owners, by name within kind.
  func owners(_ query: OwnerQuery) async throws(StoreError) -> Page<OwnerRecord>

  /// Applies one change and its signal-log entries in one transaction; the position of the last entry
  /// (or of the log's head, if the change has none).
  func commit(_ change: StoreChange) async throws(StoreError) -> Int64
  /// Adds gathered usage. Lossy by contract: it may come late, and is not a change.
  func record(_ usage: [KeyUsage]) async throws(StoreError)
  /// The latest use of an idempotency key by that actor; the kernel judges its age.
  func idempotency(actor: String, key: String) async throws(StoreError) -> IdempotencyRecord?

  /// The schemes (``EncodedHash/scheme``) of living keys' secrets that are not among `known`, with how many secrets
  /// each has. Asked at start: should be cheap where there is none. The default goes through every key.
  func hashUses(besides known: Set<String>) async throws(StoreError) -> [HashUse]

  /// Entries of the signal log after `position`, in order, at most `limit` of them.
  func log(after position: Int64, limit: Int) async throws(StoreError) -> [LogEntry]
  /// The log's head: its last position and hash.
  func logHead() async throws(StoreError) -> LogHead
}

extension KeyStore {
  public func hashUses(besides known: Set<String>) async throws(StoreError) -> [HashUse] {
    var counts: [String: Int] = [:]
    var query = KeyQuery(now: .earliest, limit: 1_000)
    repeat {
      let page = try await keys(query)
      for key in page.items.map(\.key) where key.status == .active || key.status == .suspended {
        for secret in key.secrets where !known.contains(secret.hash.scheme) {
          counts[secret.hash.scheme, default: 0] += 1
        }
      }
      query.after = page.cursor(in: query.sort)
    } while query.after != nil
    return counts.map { HashUse(scheme: $0.key, count: $0.value) }.sorted { $0.scheme < $1.scheme }
  }

  public func register(in registry: inout Registry) { registry.add(store: self) }
}
