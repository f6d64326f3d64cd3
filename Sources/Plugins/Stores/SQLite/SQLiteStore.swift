import CardeaContracts
import GRDB

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Keys, owners and both logs in one SQLite file, which several processes may share.
///
/// - Every acknowledged change has been synced to disk (WAL, `synchronous=FULL`), together with its
///   signal-log entries. Changes that arrive together share one sync (``commit(_:)``).
/// - Lookups run on the caller's thread, on connections with prepared statements; listings, which may have to
///   look at every row, on one thread of the store's. Neither waits for a writer.
/// - A file that is moved, deleted or replaced under the open store is noticed by the next call, which
///   throws `.unavailable`; so are its write-ahead log and the log's index.
/// - The file is created with mode 0600. Its schema is migrated on opening; a newer one is refused, and so is a file
///   with a second name (a hard link), or of zero bytes, which may be what is left of a store.
///
/// What is promised assumes a local disk that syncs when it is told to. Network file systems, on which
/// SQLite's locks and shared memory do not work, are not supported.
///
/// Threading: from any task, many at once.
public final class SQLiteStore: SharedKeyStore, PluginRecordStore, BulkKeyStore {
  public let id = "store.sqlite"
  /// The database file.
  public let path: String

  private let state = Locked<Parts?>(nil)

  struct Parts: Sendable {
    let writer: Writer
    let readers: Readers
    let poller: Poller
    let file: FileIdentity
  }

  /// - Parameter path: the database file; created by ``open()`` if it is missing, in a folder that exists.
  public init(path: String) {
    // SQLite gives other meanings to an empty name, `:memory:` and `file:`; a path has none of them.
    self.path = path.utf8.first == UInt8(ascii: "/") ? path : "./" + path
  }

  public func open() async throws(StoreError) {
    guard !path.utf8.contains(0), path.utf8.last != UInt8(ascii: "/") else {
      throw .unavailable("the path \(path.debugDescription) names no file")
    }
    let opened = try await openFile()
    do {
      let writer = Writer(opened.connection, file: opened.file)
      let parts = Parts(
        writer: writer, readers: try Readers(path: path, file: opened.file),
        poller: try Poller(path: path, file: opened.file), file: opened.file)
      // All connections were opened by name.
      try opened.file.verify()
      writer.eraseIfOwed()
      state.withLock { $0 = parts }
    } catch {
      try? opened.connection.close()
      throw error
    }
  }

  /// Two processes that create or migrate one file at once stand in each other's way for a moment.
  private func openFile() async throws(StoreError) -> Opening.Opened {
    for attempt in 0..<250 {
      // Where another process makes the file it gets its first page well within 2 s.
      if let opened = try Opening(path: path, awaitsEmpty: attempt < 100).run() { return opened }
      // A task that is cancelled meanwhile tries again at once, and in the end says why it could not.
      try? await Task.sleep(for: .milliseconds(20))
    }
    throw .unavailable(
      "\(path): another process has been preparing the database for 5 s; try again")
  }

  public func close() async {
    let parts = state.withLock { state -> Parts? in
      defer { state = nil }
      return state
    }
    guard let parts else { return }
    // Last of all, SQLite's last connection copies the write-ahead log into the file and removes it, unless it only
    // reads. Over the log that others made in its place, that would undo what they have written.
    let isDisowned = parts.file.isDisowned
    if isDisowned { await parts.writer.close() }
    parts.readers.close()
    parts.poller.close()
    if !isDisowned { await parts.writer.close() }
  }

  func parts() throws(StoreError) -> Parts {
    guard let parts = state.withLock({ $0 }) else { throw .closed }
    return parts
  }

  // MARK: Keys

  public func find(prefix: String) throws(StoreError) -> StoredKey? {
    try parts().readers.read { db throws(StoreError) in
      try KeyRow.readAll(try Query(db, KeyRow.byPrefix, [prefix])).first
    }
  }

  public func find(id: UUID) throws(StoreError) -> StoredKey? {
    try parts().readers.read { db throws(StoreError) in
      try KeyRow.readAll(try Query(db, KeyRow.byID, [id])).first
    }
  }

  public func keys(_ query: KeyQuery) async throws(StoreError) -> Page<StoredKey> {
    try await parts().readers.list { db throws(StoreError) in try Listing.keys(query, db) }
  }

  // MARK: Owners

  public func owner(id: UUID) throws(StoreError) -> OwnerRecord? {
    try parts().readers.read { db throws(StoreError) in
      let query = try Query(db, "SELECT \(OwnerRow.columns) FROM owners o WHERE o.id = ?", [id])
      return try query.step() ? OwnerRow.read(query) : nil
    }
  }

  public func owner(kind: OwnerRecord.Kind, name: String) throws(StoreError) -> OwnerRecord? {
    try parts().readers.read { db throws(StoreError) in
      let query = try Query(
        db, "SELECT \(OwnerRow.columns) FROM owners o WHERE o.kind = ? AND o.name = ?",
        [kind.rawValue, name])
      return try query.step() ? OwnerRow.read(query) : nil
    }
  }

  public func owners(_ query: OwnerQuery) async throws(StoreError) -> Page<OwnerRecord> {
    try await parts().readers.list { db throws(StoreError) in try Listing.owners(query, db) }
  }

  // MARK: Changes

  /// Changes that arrive while another is being synced are written together with the next sync. Cancelling
  /// the caller does not cancel the change. An error other than a refusal (`.unavailable`, `.corrupt`) says
  /// nothing about the outcome: read the record to learn it.
  public func commit(_ change: StoreChange) async throws(StoreError) -> Int64 {
    try await parts().writer.commit(change)
  }

  /// In transactions of at most 2,048 changes, each in a savepoint of its own, with one sync each.
  public func commit(_ changes: [StoreChange]) async -> [Result<Int64, StoreError>] {
    do throws(StoreError) { return try await parts().writer.commit(changes) } catch {
      return changes.map { _ in .failure(error) }
    }
  }

  /// In transactions of at most 500 entries, between which changes get their turn. If one fails, those before
  /// it stay.
  public func record(_ usage: [KeyUsage]) async throws(StoreError) {
    if usage.isEmpty { return }
    try await parts().writer.record(usage)
  }

  public func idempotency(actor: String, key: String) throws(StoreError) -> IdempotencyRecord? {
    try parts().readers.read { db throws(StoreError) in
      try IdempotencyRecord.read(db, actor: actor, key: key)
    }
  }

  /// The index of schemes is looked at once per scheme, and secrets are counted only where one is not known.
  public func hashUses(besides known: Set<String>) async throws(StoreError) -> [HashUse] {
    try await parts().readers.list { db throws(StoreError) in
      try Listing.hashUses(besides: known, db)
    }
  }

  // MARK: Durable subscriptions

  public func claim(_ claim: SubscriptionClaim) async throws(StoreError) -> Int64? {
    let position = try await parts().writer.change { rows throws(StoreError) in
      try rows.claim(claim) ?? -1
    }
    return position < 0 ? nil : position
  }

  public func advance(_ step: SubscriptionStep) async throws(StoreError) {
    _ = try await parts().writer.change { rows throws(StoreError) in
      try rows.advance(step)
      return 0
    }
  }

  public func subscriptions() async throws(StoreError) -> [SubscriptionRecord] {
    try parts().readers.read { db throws(StoreError) in try SubscriptionRows(db: db).all() }
  }

  public func deadLetters(
    _ query: DeadLetterQuery
  ) async throws(StoreError) -> [DeadLetter] {
    try parts().readers.read { db throws(StoreError) in
      try SubscriptionRows(db: db).deadLetters(query)
    }
  }

  public func replay(
    subscription: String?, position: Int64?
  ) async throws(StoreError) -> Int {
    Int(
      try await parts().writer.change { rows throws(StoreError) in
        try rows.replay(subscription: subscription, position: position)
      })
  }

  // MARK: Plugins' own records

  public func pluginRecords(_ collection: String) throws(StoreError) -> [PluginRecord] {
    try parts().readers.read { db throws(StoreError) in
      try PluginRecordRows(db: db).all(collection)
    }
  }

  public func pluginRecord(
    _ id: UUID, in collection: String
  ) throws(StoreError) -> PluginRecord? {
    try parts().readers.read { db throws(StoreError) in
      try PluginRecordRows(db: db).one(id, collection)
    }
  }

  public func put(_ record: PluginRecord, in collection: String) async throws(StoreError) {
    _ = try await parts().writer.change { rows throws(StoreError) in
      try PluginRecordRows(db: rows.db).put(record, collection)
      return 0
    }
  }

  public func removeRecords(
    _ id: UUID, from collections: [String], subscription: String
  ) async throws(StoreError) -> Bool {
    let removed = try await parts().writer.change { rows throws(StoreError) in
      try rows.forget(subscription)
      return try PluginRecordRows(db: rows.db).remove(id, collections)
    }
    return removed > 0
  }

  // MARK: Signal log

  public func log(after position: Int64, limit: Int) throws(StoreError) -> [LogEntry] {
    try parts().readers.read { db throws(StoreError) in
      let query = try Query(
        db,
        "SELECT \(LogRow.columns) FROM signal_log WHERE position > ? ORDER BY position LIMIT ?",
        [position, max(limit, 0)])
      return try LogRow.readAll(query)
    }
  }

  public func logHead() throws(StoreError) -> LogHead {
    try parts().readers.read { db throws(StoreError) in try LogHead.read(db) }
  }

  public func poll(after position: Int64, limit: Int) throws(StoreError) -> [LogMark] {
    try parts().poller.poll(after: position, limit: limit)
  }
}
