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

/// Opens a database file: creates it if it is missing, looks whether it is ours and whole, migrates it.
///
/// Nothing is written to an existing file before it has shown that it is empty or Cardea's, and not newer
/// than this program. All looking is done by SQLite: closing a file descriptor of one's own would drop the
/// locks that another connection of this process holds on the file (POSIX advisory locks are the process's).
///
/// Cost on an existing file: some milliseconds, whatever its size. A file of at most
/// ``wholeCheckLimit`` bytes is checked as a whole (`PRAGMA quick_check`, some milliseconds per MiB); of
/// a larger one the header, the schema, the length and the end of the signal log. A page that is damaged
/// further in is found when it is read: that call throws `.corrupt`, which denies.
struct Opening {
  static let wholeCheckLimit: Int64 = 4 << 20
  // One at a time in this process, so that no connection is open while `createFileIfMissing` closes its
  // descriptor. The value means nothing, but has a size: ThreadSanitizer takes an access to a value without
  // one for an access to its neighbour.
  private static let lock = Locked(false)

  let path: String
  /// Whether a file of zero bytes, which may be what is left of a store, is made a new one.
  var fillsEmpty = false
  /// Whether one is taken for what another process is making at this moment.
  var awaitsEmpty = false

  /// The writing connection, and the file that it was opened on.
  struct Opened: Sendable {
    let connection: DatabaseQueue
    let file: FileIdentity
  }

  /// The writing connection, on a file whose schema is the present one; `nil` if another process is
  /// preparing the same file at this moment: try again.
  func run() throws(StoreError) -> Opened? {
    let opening = self
    return try Opening.lock.withLock { (_) throws(StoreError) -> Opened? in
      try opening.runAlone()
    }
  }

  private func runAlone() throws(StoreError) -> Opened? {
    let isNew = try createFileIfMissing()
    if !isNew, !fillsEmpty, size(of: path) == 0 {
      if awaitsEmpty { return nil }
      throw .unavailable(
        "\(path) is an empty file. Restore a backup: cardea restore. Or make a first key in it: cardea init"
      )
    }
    try ensureWritable()
    let file = try FileIdentity(path: path)
    let connection = try Connection.writer(path: path)
    do {
      let isEmpty = try connection.access { db throws(StoreError) in try inspect(db) }
      guard try prepare(connection, isEmpty: isEmpty) else {
        try? connection.close()
        return nil
      }
      let files = try connection.access { db throws(StoreError) in
        try checkLogEnd(db)
        return try file.withLogs(of: db)
      }
      return Opened(connection: connection, file: files)
    } catch {
      try? connection.close()
      throw error.at(path)
    }
  }

  // MARK: The file

  /// Whether it was missing.
  private func createFileIfMissing() throws(StoreError) -> Bool {
    var status = stat()
    if stat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFREG else {
        throw .unavailable("\(path) is not a regular file; name a file")
      }
      // The write-ahead log lies beside the name: under two names there would be two.
      guard status.st_nlink < 2 else {
        throw .unavailable(
          "\(path) has another name too (a hard link), and what is written under one would be lost under the other; "
            + "remove all names but one, and where others need the file, share its folder")
      }
      return false
    }
    guard errno == ENOENT else { throw systemError("can't be reached", remedy: "check the path") }
    // Before SQLite would, which makes it readable by all: it will hold hashes.
    let descriptor = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
    if descriptor < 0 {
      if errno == EEXIST {
        // Another process was faster, unless the name is a link: SQLite would create what it leads to.
        if stat(path, &status) == 0 { return false }
        throw systemError("is a symbolic link that leads nowhere", remedy: "name a file")
      }
      throw systemError(
        "can't be created",
        remedy: "check that its folder exists and that this user may write there")
    }
    close(descriptor)
    FolderSync.sync(folderOf: path)
    return true
  }

  /// Before SQLite opens the file: to read one in WAL mode it makes the log and its index beside it, and can't
  /// remove them without write access. A file that nobody may write is refused to root too, who could.
  private func ensureWritable() throws(StoreError) {
    var status = stat()
    let isProtected = stat(path, &status) == 0 && status.st_mode & 0o222 == 0
    if isProtected || faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0 {
      throw .unavailable("\(path): the file is read-only; give this user write access to it")
    }
  }

  private func systemError(_ what: String, remedy: String) -> StoreError {
    .unavailable("\(path) \(what): \(String(cString: strerror(errno))); \(remedy)")
  }

  // MARK: Looking

  /// Whether the database is empty. Throws if it is not for us.
  private func inspect(_ db: Database) throws(StoreError) -> Bool {
    if sqlite3_db_readonly(db.sqliteConnection, "main") != 0 {
      throw .unavailable("the file is read-only; give this user write access to it")
    }
    let applicationID = try number(db, "PRAGMA application_id")
    let version = try number(db, "PRAGMA user_version")
    if applicationID == 0, version == 0, try number(db, "SELECT count(*) FROM sqlite_schema") == 0 {
      return true
    }
    guard applicationID == Schema.applicationID else {
      throw .corrupt("the database is another program's; name another file")
    }
    guard version <= Schema.version else {
      throw .unavailable(
        "the database has schema \(version), newer than this program's \(Schema.version); "
          + "use a newer cardea")
    }
    try checkWhole(db)
    return false
  }

  private func checkWhole(_ db: Database) throws(StoreError) {
    let pageSize = try number(db, "PRAGMA page_size")
    let size = size(of: path)
    // SQLite fills up a last page that is cut short with zeros and says nothing. While the write-ahead log
    // holds pages, that page may be among them.
    if size % pageSize != 0, self.size(of: path + "-wal") == 0 {
      throw .corrupt("the file ends within a page: it was cut; restore it from a backup")
    }
    guard size <= Opening.wholeCheckLimit else { return }
    let check = try Query(db, "PRAGMA quick_check(1)", isKept: false)
    guard try check.step(), try check.text(0) == "ok" else {
      throw .corrupt("the database is damaged; restore it from a backup")
    }
  }

  /// Bytes; 0 if there is no such file.
  private func size(of path: String) -> Int64 {
    var status = stat()
    return stat(path, &status) == 0 ? Int64(status.st_size) : 0
  }

  /// The head row must be the log's last entry: a log that was cut, or a head that was, shows.
  private func checkLogEnd(_ db: Database) throws(StoreError) {
    let head = try LogHead.read(db)
    let last = try Query(
      db, "SELECT position, hash FROM signal_log ORDER BY position DESC LIMIT 1", isKept: false)
    let end =
      try last.step() ? LogHead(position: last.int(0), hash: try last.digest(1)) : LogHead.empty
    guard head == end else {
      let (position, problem) =
        end.position < head.position
        ? (end.position + 1, "it is missing, and everything up to \(head.position)")
        : end.position > head.position
          ? (head.position + 1, "the log's head row does not know it")
          : (end.position, "the log's head row states another hash")
      throw .corrupt("the signal log is broken at \(position): \(problem); restore a backup")
    }
  }

  private func number(_ db: Database, _ sql: String) throws(StoreError) -> Int64 {
    let query = try Query(db, sql, isKept: false)
    guard try query.step() else { throw .corrupt("SQLite answers nothing to \(sql)") }
    return query.int(0)
  }

  // MARK: Preparing

  /// Switches to WAL and migrates; `false` if another process is about the same.
  private func prepare(_ connection: DatabaseQueue, isEmpty: Bool) throws(StoreError) -> Bool {
    do {
      let mode = try connection.inDatabase { db in
        if isEmpty {
          // First of all, so that what a crash may leave behind is recognised as ours.
          try db.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
        }
        return try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
      }
      guard mode == "wal" else {
        throw StoreError.unavailable("SQLite's WAL does not work here; use a local disk")
      }
      try Schema.migrator.migrate(connection)
      return true
    } catch let error as DatabaseError
      where error.resultCode == .SQLITE_BUSY || error.resultCode == .SQLITE_CONSTRAINT
    {
      // The lock is another's, or the migration was noted by another first.
      return false
    } catch let error as StoreError {
      throw error
    } catch {
      throw StoreError(sqlite: error)
    }
  }
}
