import CardeaContracts
import GRDB
import GRDBSQLite

// Which of SQLite's result codes (https://www.sqlite.org/rescode.html) means what to the kernel. SQLite's
// messages name tables and columns, never values, so no secret can get into an error.
extension StoreError {
  /// The failure that `connection` has just reported with `code`.
  init(sqlite code: Int32, _ connection: OpaquePointer?) {
    let message = connection.flatMap(sqlite3_errmsg).map { String(cString: $0) }
    self.init(sqlite: code, message: message)
  }

  /// A failure that GRDB reported.
  init(sqlite error: any Error) {
    guard let error = error as? DatabaseError else {
      self = .unavailable("SQLite: \(error)")
      return
    }
    self.init(sqlite: error.extendedResultCode.rawValue, message: error.message)
  }

  private init(sqlite code: Int32, message: String?) {
    let said = "\(message ?? String(cString: sqlite3_errstr(code))) (SQLite result \(code))"
    self =
      switch code & 0xFF {
      case SQLITE_NOTADB:
        .corrupt(
          "the file is not a SQLite database, or an encrypted one: \(said); "
            + "name another file, or restore this one from a backup")
      case SQLITE_CORRUPT:
        .corrupt("the database is damaged: \(said); restore it from a backup")
      case SQLITE_FULL:
        .unavailable("no room to write: \(said); free space, and it goes on without a restart")
      case SQLITE_BUSY, SQLITE_LOCKED:
        .unavailable("another process holds the database's lock: \(said); try again")
      case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH:
        .unavailable(
          "the database can't be written: \(said); "
            + "give this user write access to the file and its folder")
      case SQLITE_CANTOPEN:
        .unavailable(
          "the database can't be opened: \(said); "
            + "check that the file and its folder exist and that this user may write both")
      case SQLITE_IOERR:
        .unavailable("reading or writing failed: \(said); check the disk")
      default:
        .unavailable(said)
      }
  }
}
