import CardeaContracts
import GRDB

/// Looks, on a connection of its own, whether the signal log has grown.
///
/// `PRAGMA data_version` changes when another connection, of this process or another one, has committed; it
/// costs about as much as taking the read lock. Only then, or when asked from an earlier position than what
/// was seen, is the log read.
///
/// Threading: one call at a time takes the connection; others wait.
final class Poller: Sendable {
  private let connection: DatabaseQueue
  private let file: FileIdentity
  private let seen = Locked<Seen?>(nil)

  private struct Seen: Sendable, Equatable {
    /// The connection's data version when the log was read.
    let version: Int64
    /// The log's last position then, if all that came after the position asked for was read.
    let position: Int64
  }

  init(path: String, file: FileIdentity) throws(StoreError) {
    connection = try Connection.reader(path: path)
    self.file = file
  }

  /// The first `limit` entries after `position`.
  func poll(after position: Int64, limit: Int) throws(StoreError) -> [LogMark] {
    try file.verify()
    return try connection.access { db throws(StoreError) in
      // Read before the log: what is committed in between shows as a new version next time.
      let version = try dataVersion(db)
      if seen.withLock({ $0 }) == Seen(version: version, position: position) { return [] }
      let query = try Query(
        db,
        "SELECT \(MarkRow.columns) FROM signal_log WHERE position > ? ORDER BY position LIMIT ?",
        [position, max(limit, 0)])
      let marks = try MarkRow.readAll(query)
      if marks.count == limit { return marks }
      let last = marks.last?.position ?? position
      if marks.isEmpty, try LogHead.read(db).position < position {
        throw .corrupt("the signal log ends before position \(position), which was seen before")
      }
      seen.withLock { $0 = Seen(version: version, position: last) }
      return marks
    }
  }

  func close() { try? connection.close() }

  private func dataVersion(_ db: Database) throws(StoreError) -> Int64 {
    let query = try Query(db, "PRAGMA data_version")
    guard try query.step() else { throw .corrupt("SQLite tells no data version") }
    return query.int(0)
  }
}
