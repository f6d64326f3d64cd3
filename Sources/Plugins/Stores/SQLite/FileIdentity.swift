import CardeaContracts
import GRDB
import GRDBSQLite

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Which files a path meant when the store was opened: the database, and from when a connection has read it on, the
/// write-ahead log beside it and the log's index.
///
/// A database that is moved, deleted or restored under a running process leaves that process writing into a
/// file that nobody else sees, and blind to what others write: it would allow for ever a key that is revoked
/// in the file that took the place. A log or an index that is deleted does the same: the next process makes one of
/// its own. So whoever writes, polls or reads asks first, with one `stat` each, whether the paths still mean the
/// files, and refuses if not.
///
/// Nothing that SQLite does while a connection is open changes what they mean: a checkpoint cuts the log, and only the
/// last connection of all removes it.
struct FileIdentity: Sendable {
  private let database: Mark
  private let logs: [Mark]

  init(path: String) throws(StoreError) {
    guard let mark = Mark(path) else {
      throw .unavailable("\(path): \(String(cString: strerror(errno)))")
    }
    self.init(database: mark, logs: [])
  }

  private init(database: Mark, logs: [Mark]) {
    self.database = database
    self.logs = logs
  }

  /// The same with the log and the index, which `db` has open because it has read.
  func withLogs(of db: Database) throws(StoreError) -> FileIdentity {
    // SQLite follows symbolic links: what they lead to has the log beside it.
    guard let name = sqlite3_db_filename(db.sqliteConnection, "main") else { throw .closed }
    var logs: [Mark] = []
    for suffix in ["-wal", "-shm"] {
      let path = String(cString: name) + suffix
      guard let mark = Mark(path) else {
        throw .unavailable("\(path) was deleted while the store was being opened; try again")
      }
      logs.append(mark)
    }
    return FileIdentity(database: database, logs: logs)
  }

  /// Throws `.unavailable` if a path means another file by now, or none.
  func verify() throws(StoreError) {
    guard database.now == .same else {
      throw .unavailable(
        "\(database.path) was moved, deleted or replaced while it was open; restart to open what is there"
      )
    }
    for log in logs {
      let now = log.now
      if now == .same { continue }
      throw .unavailable(
        "\(log.path) was \(now == .gone ? "deleted" : "replaced") while the store was open, so that processes do "
          + "not see each other's changes; stop all that have the store open, then start them again"
      )
    }
  }

  /// Whether others go on with a log or an index of their own: what ours has must not get into the database any more.
  var isDisowned: Bool { logs.contains { $0.now == .another } }

  /// A path, and the file that it meant.
  private struct Mark: Sendable {
    enum Now: Sendable {
      case same, another, gone
    }

    let path: String
    private let file: FileMark

    /// `nil`, and `errno` set, if there is no such file.
    init?(_ path: String) {
      guard let file = FileMark(path: path) else { return nil }
      self.path = path
      self.file = file
    }

    /// What the path means now.
    var now: Now {
      guard let now = FileMark(path: path) else { return .gone }
      return now == file ? .same : .another
    }
  }
}
