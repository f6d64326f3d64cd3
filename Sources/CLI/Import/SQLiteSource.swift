import GRDBSQLite

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A SQLite file of another system, opened so that nothing of it can change.
///
/// One read transaction from the first query to the end: what is read is of one moment, also while the other
/// system goes on writing. A file at rest that keeps a write-ahead log is read without locks, so that nothing appears
/// beside it; there reading ends once somebody writes.
final class SQLiteSource: SourceDatabase {
  let name: String
  private let handle: OpaquePointer
  /// What the file was like when reading began, where nothing else keeps it as it is.
  private let rest: Rest?

  /// A file that nobody has written to since.
  private struct Rest: Equatable {
    let size: Int64
    let changed: [Int]
    let log: Int

    init(_ path: String) {
      var status = stat()
      let isThere = stat(path, &status) == 0
      size = isThere ? Int64(status.st_size) : -1
      #if canImport(Darwin)
        changed = [status.st_mtimespec.tv_sec, status.st_mtimespec.tv_nsec, Int(status.st_ino)]
      #else
        changed = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec, Int(status.st_ino)]
      #endif
      log = SQLiteSource.size(of: path + "-wal")
    }
  }

  /// Opens the file and checks it from end to end.
  /// - Throws: ``CommandFailure`` for what is no SQLite database, damaged or half-written.
  init(path: String) throws {
    name = path
    let header = try SQLiteSource.header(of: path)
    // A file that keeps a write-ahead log asks for write access even to be read, unless it is said to stay as
    // it is. It does where there is no such log: then the file has everything.
    let keepsLog = header[18] == 2
    let now = Rest(path)
    rest = keepsLog && now.log == 0 ? now : nil
    let escaped = path.utf8.map { byte -> String in
      let isPlain =
        (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x2D && byte <= 0x39)
        || byte == UInt8(ascii: "_")
      if isPlain { return String(UnicodeScalar(byte)) }
      let digits = String(byte, radix: 16, uppercase: true)
      return "%" + (digits.utf8.count == 1 ? "0" : "") + digits
    }.joined()
    let url = "file:\(escaped)?mode=ro\(rest == nil ? "" : "&immutable=1")"
    var opened: OpaquePointer?
    let code = sqlite3_open_v2(url, &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nil)
    guard code == SQLITE_OK, let opened else {
      let reason = String(cString: sqlite3_errstr(code))
      sqlite3_close(opened)
      throw SQLiteSource.unreadable(path, reason)
    }
    // From here on it is closed by `deinit`, which also follows a throw.
    handle = opened
    sqlite3_busy_timeout(handle, 5_000)
    guard case .text("ok")? = try rows("PRAGMA quick_check(1)").next()?.values.first else {
      throw SQLiteSource.unreadable(path, "it is damaged or half-written")
    }
    _ = try rows("BEGIN").next()
    _ = try tables()
  }

  deinit { sqlite3_close_v2(handle) }

  private static func unreadable(_ path: String, _ reason: String) -> CommandFailure {
    .usage(
      "\(path) can't be read as a SQLite database: \(reason)",
      remedy: "Nothing was changed. Name the other system's database file, whole and at rest.",
      field: "source")
  }

  private static func size(of path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  /// The first bytes of the file: SQLite, *Database File Format*, section 1.3.
  private static func header(of path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw unreadable(path, "there is no such file, or it may not be read")
    }
    defer { close(descriptor) }
    var header = [UInt8](repeating: 0, count: 100)
    guard read(descriptor, &header, header.count) == header.count,
      header.starts(with: "SQLite format 3\u{0}".utf8)
    else { throw unreadable(path, "it is something else") }
    return header
  }

  func tables() throws -> [String] {
    try strings("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
  }

  func columns(of table: String) throws -> [String] {
    let rows = try rows("PRAGMA table_info(\(SQLName(table)))")
    var names: [String] = []
    while let row = try rows.next() { names.append(try row.text(1, "name")) }
    return names
  }

  func reference(of table: String, _ column: String) throws -> SourceReference? {
    let rows = try rows("PRAGMA foreign_key_list(\(SQLName(table)))")
    while let row = try rows.next() {
      guard try row.text(3, "from") == column else { continue }
      return SourceReference(
        table: try row.text(2, "table"), column: try row.optionalText(4, "to") ?? "id")
    }
    return nil
  }

  func rows(_ sql: String) throws -> any SourceRows { try Rows(self, sql) }

  private func strings(_ sql: String) throws -> [String] {
    let rows = try rows(sql)
    var texts: [String] = []
    while let row = try rows.next() { texts.append(try row.text(0, "name")) }
    return texts
  }

  /// What was read before this returns is of a file that nobody had written to.
  private func checkRest() throws {
    guard let rest, rest != Rest(name) else { return }
    throw CommandFailure.refused(
      "source_changed", "\(name) was written to while it was read",
      remedy: "Stop the other system, or name a copy: sqlite3 \(name) \".backup copy.sqlite3\". "
        + "Then run the import again: what is done stays done.")
  }

  private func failure(_ code: Int32) -> CommandFailure {
    let reason =
      switch code & 0xFF {
      case SQLITE_CORRUPT, SQLITE_NOTADB: "it is damaged or half-written"
      case SQLITE_READONLY, SQLITE_CANTOPEN:
        "a transaction in it was cut off; let its own system open it once"
      default: String(cString: sqlite3_errmsg(handle))
      }
    return SQLiteSource.unreadable(name, reason)
  }

  private final class Rows: SourceRows {
    // Keeps the connection open.
    private let source: SQLiteSource
    private let statement: OpaquePointer?
    /// SQLite begins anew when it is asked once more.
    private var isDone = false

    init(_ source: SQLiteSource, _ sql: String) throws {
      self.source = source
      var prepared: OpaquePointer?
      let code = sqlite3_prepare_v2(source.handle, sql, -1, &prepared, nil)
      statement = prepared
      guard code == SQLITE_OK else { throw source.failure(code) }
    }

    deinit { sqlite3_finalize(statement) }

    func next() throws -> SourceRow? {
      if isDone { return nil }
      switch sqlite3_step(statement) {
      case SQLITE_ROW:
        let row = SourceRow(values: (0..<sqlite3_column_count(statement)).map(value))
        try source.checkRest()
        return row
      case SQLITE_DONE:
        isDone = true
        try source.checkRest()
        return nil
      case let code:
        try source.checkRest()
        throw source.failure(code)
      }
    }

    private func value(_ column: Int32) -> SourceValue {
      switch sqlite3_column_type(statement, column) {
      case SQLITE_NULL: return .null
      case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, column))
      // A number that is not whole is what SQLite writes for it, as PostgreSQL's is what that writes.
      case SQLITE_TEXT, SQLITE_FLOAT:
        let bytes = UnsafeBufferPointer(
          start: sqlite3_column_text(statement, column),
          count: Int(sqlite3_column_bytes(statement, column)))
        return String(validating: bytes, as: UTF8.self).map { .text($0) } ?? .other
      default: return .other
      }
    }
  }
}
