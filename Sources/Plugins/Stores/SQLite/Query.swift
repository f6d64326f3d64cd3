import CardeaKernel
import GRDB
import GRDBSQLite

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One run of a prepared statement: bound on creation, stepped, read by column, reset when it goes.
///
/// Statements are prepared once per connection and kept by GRDB. Binding and reading go through SQLite's
/// C interface: GRDB's own text values end at the first NUL byte and repair invalid UTF-8 silently, so two
/// different prefixes could meet, and its rows cost several times the lookup.
///
/// Threading: inside one access to the connection's queue.
struct Query: ~Copyable {
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

  /// Runs an insert; `false` if a constraint refused it.
  func insert() throws(StoreError) -> Bool {
    let code = sqlite3_step(handle)
    if code == SQLITE_DONE { return true }
    if code & 0xFF == SQLITE_CONSTRAINT { return false }
    throw StoreError(sqlite: code, sqlite3_db_handle(handle))
  }

  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

  func int(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  /// The column's text. Not UTF-8 → `.corrupt`.
  func text(_ column: Int32) throws(StoreError) -> String {
    let text = withBytes(column) { String(validating: $0, as: UTF8.self) }
    guard let text else { throw .corrupt("a text in the store is not UTF-8") }
    return text
  }

  func bytes(_ column: Int32) -> [UInt8] { withBytes(column) { Array($0) } }

  func uuid(_ column: Int32) throws(StoreError) -> UUID {
    let uuid: UUID? = withBytes(column) { bytes in
      guard bytes.count == 16 else { return nil }
      return UUID(uuid: UnsafeRawBufferPointer(bytes).loadUnaligned(as: uuid_t.self))
    }
    guard let uuid else { throw .corrupt("an id in the store is not 16 bytes long") }
    return uuid
  }

  func digest(_ column: Int32) throws(StoreError) -> Digest256 {
    guard let digest = Digest256(bytes(column)) else {
      throw .corrupt("a digest in the store is not 32 bytes long")
    }
    return digest
  }

  func timestamp(_ column: Int32) -> Timestamp { Timestamp(milliseconds: int(column)) }

  func optionalTimestamp(_ column: Int32) -> Timestamp? { isNull(column) ? nil : timestamp(column) }

  func optionalUUID(_ column: Int32) throws(StoreError) -> UUID? {
    isNull(column) ? nil : try uuid(column)
  }

  func optionalText(_ column: Int32) throws(StoreError) -> String? {
    isNull(column) ? nil : try text(column)
  }

  func optionalBytes(_ column: Int32) -> [UInt8]? { isNull(column) ? nil : bytes(column) }

  /// The column's bytes as they lie in SQLite's page, valid inside `body`.
  func withBytes<Result>(_ column: Int32, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result
  {
    let start = sqlite3_column_blob(handle, column)?.assumingMemoryBound(to: UInt8.self)
    return body(
      UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
  }
}
