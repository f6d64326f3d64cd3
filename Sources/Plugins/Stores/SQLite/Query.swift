import CardeaContracts
import GRDB
import GRDBSQLite

/// A prepared statement: bound on creation or for each run, stepped, read by column, reset when it goes.
///
/// Statements are prepared once per connection and kept by GRDB. Binding and reading go through SQLite's
/// C interface: GRDB's own text values end at the first NUL byte and repair invalid UTF-8 silently, so two
/// different prefixes could meet, and its rows cost several times the lookup.
///
/// Threading: inside one access to the connection's queue.
struct Query: ~Copyable, StoredRow {
  // Keeps the prepared statement alive.
  private let statement: Statement
  private let handle: OpaquePointer

  /// - Parameter isKept: whether the prepared statement stays with the connection for the next time.
  init(
    _ db: Database, _ sql: String, _ values: [any Bindable] = [], isKept: Bool = true
  ) throws(StoreError) {
    let prepared = try Query.prepare(db, sql, isKept: isKept)
    try Query.bind(values, to: prepared.sqliteStatement)
    statement = prepared
    handle = prepared.sqliteStatement
  }

  private static func prepare(
    _ db: Database, _ sql: String, isKept: Bool
  ) throws(StoreError) -> Statement {
    do {
      return try isKept ? db.cachedStatement(sql: sql) : db.makeStatement(sql: sql)
    } catch {
      throw StoreError(sqlite: error)
    }
  }

  private static func bind(
    _ values: [any Bindable], to handle: OpaquePointer
  ) throws(StoreError) {
    for (index, value) in values.enumerated() {
      let code = value.bind(to: handle, at: Int32(index + 1))
      // Only too long a value or too little memory gets here.
      guard code == SQLITE_OK else { throw StoreError(sqlite: code, sqlite3_db_handle(handle)) }
    }
  }

  deinit {
    // Both can't fail in a way that matters: a failed step has been reported already.
    sqlite3_reset(handle)
    sqlite3_clear_bindings(handle)
  }

  /// Moves to the next row; `false` past the last.
  func step() throws(StoreError) -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw StoreError(sqlite: code, sqlite3_db_handle(handle))
    }
  }

  /// Runs a statement that writes; the number of rows that it changed.
  @discardableResult
  func run() throws(StoreError) -> Int32 {
    while try step() {}
    return sqlite3_changes(sqlite3_db_handle(handle))
  }

  /// Runs it once more, with other values.
  func run(with values: [any Bindable]) throws(StoreError) {
    sqlite3_reset(handle)
    try Query.bind(values, to: handle)
    try run()
  }

  /// Runs an insert; `false` if a constraint refused it.
  func insert() throws(StoreError) -> Bool {
    let code = sqlite3_step(handle)
    if code == SQLITE_DONE { return true }
    if code & 0xFF == SQLITE_CONSTRAINT { return false }
    throw StoreError(sqlite: code, sqlite3_db_handle(handle))
  }

  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

  func int(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  /// The column's bytes as they lie in SQLite's page, valid inside `body`.
  func withBytes<Value, Failure: Error>(
    _ column: Int32, _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let start = sqlite3_column_blob(handle, column)?.assumingMemoryBound(to: UInt8.self)
    return try body(
      UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
  }
}
