import CPostgreSQL
import CardeaPostgreSQL

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// A PostgreSQL database of another system, read so that nothing of it can change.
///
/// One transaction from the first query to the end, read only and on one snapshot: what is read is of one
/// moment, also while the other system goes on writing. Rows come through cursors, some hundred at a time.
final class PostgreSQLSource: SourceDatabase {
  let name: String
  private let connection: OpaquePointer
  private var cursors = 0

  /// Connects as libpq does: passwords from the URL, `PGPASSWORD` or `~/.pgpass`, TLS as `sslmode` says.
  init(_ url: PostgreSQLURL) throws {
    name = url.shown
    // What stands before the URL gives way to it. Seconds; milliseconds.
    var parameters = [
      ("fallback_application_name", "cardea import"), ("tcp_user_timeout", "30000"),
    ]
    if getenv("PGCONNECT_TIMEOUT") == nil { parameters.append(("connect_timeout", "10")) }
    parameters += [("dbname", url.connection), ("client_encoding", "UTF8")]
    guard let opened = PostgreSQLSource.connect(parameters) else {
      throw CommandFailure.usage("\(name): there is no memory to connect", field: "source")
    }
    // From here on it is closed by `deinit`, which also follows a throw.
    connection = opened
    guard PQstatus(connection) == CONNECTION_OK else {
      throw PostgreSQLSource.unreachable(name, connection)
    }
    PQsetNoticeProcessor(connection, { _, _ in }, nil)
    for statement in [
      "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "SET LOCAL TIME ZONE 'UTC'",
      "SET LOCAL DateStyle = 'ISO'", "SET LOCAL cursor_tuple_fraction = 1",
      "SET LOCAL idle_in_transaction_session_timeout = 0",
    ] { try run(statement) }
  }

  deinit { PQfinish(connection) }

  private static func connect(_ parameters: [(String, String)]) -> OpaquePointer? {
    let names = parameters.map { UnsafePointer(strdup($0.0)) } + [nil]
    let values = parameters.map { UnsafePointer(strdup($0.1)) } + [nil]
    defer { for text in names + values { free(UnsafeMutablePointer(mutating: text)) } }
    return PQconnectdbParams(names, values, 1)
  }

  private static func unreachable(_ name: String, _ connection: OpaquePointer) -> CommandFailure {
    let remedy =
      if PQconnectionNeedsPassword(connection) == 1 {
        "Give the password in PGPASSWORD or ~/.pgpass."
      } else if PQconnectionUsedPassword(connection) == 1 {
        "Are user and password those of this database? Nothing was changed."
      } else {
        "See that psql reaches it from this machine as the same user. Nothing was changed."
      }
    return .usage(
      "\(name) can't be reached: \(line(PQerrorMessage(connection)))", remedy: remedy,
      field: "source")
  }

  /// What libpq says, on one line.
  private static func line(_ text: UnsafePointer<CChar>?) -> String {
    text.map { String(cString: $0) }?.split { $0.isWhitespace }.joined(separator: " ")
      ?? "no reason was given"
  }

  // MARK: Queries

  func tables() throws -> [String] {
    let rows = try rows(
      """
      SELECT c.relname FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p', 'f') AND pg_catalog.pg_table_is_visible(c.oid)
        AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
      ORDER BY c.relname COLLATE "C"
      """)
    var names: [String] = []
    while let row = try rows.next() { names.append(try row.text(0, "relname")) }
    return names
  }

  func columns(of table: String) throws -> [String] {
    let rows = try rows(
      """
      SELECT a.attname FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = \(relation(table)) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
      """)
    var names: [String] = []
    while let row = try rows.next() { names.append(try row.text(0, "attname")) }
    return names
  }

  func reference(of table: String, _ column: String) throws -> SourceReference? {
    let rows = try rows(
      """
      SELECT f.relname, r.attname FROM pg_catalog.pg_constraint k
      JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
      JOIN pg_catalog.pg_attribute r ON r.attrelid = k.confrelid AND r.attnum = k.confkey[1]
      JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
      WHERE k.contype = 'f' AND pg_catalog.array_length(k.conkey, 1) = 1
        AND k.conrelid = \(relation(table)) AND a.attname = \(literal(column)) ORDER BY k.oid
      """)
    return try rows.next().map {
      SourceReference(table: try $0.text(0, "relname"), column: try $0.text(1, "attname"))
    }
  }

  /// The table's oid, or null if there is none of this name on the search path.
  private func relation(_ table: String) -> String {
    "pg_catalog.to_regclass(\(literal("\(SQLName(table))")))"
  }

  /// A text in SQL, whatever `standard_conforming_strings` says.
  private func literal(_ text: String) -> String {
    let doubled = text.replacing("\\", with: "\\\\").replacing("'", with: "''")
    return "E'\(doubled)'"
  }

  func rows(_ sql: String) throws -> any SourceRows {
    cursors += 1
    return try Rows(self, "cardea_\(cursors)", sql)
  }

  private func run(_ statement: String) throws {
    let result = PQexec(connection, statement)
    defer { PQclear(result) }
    guard PQresultStatus(result) == PGRES_COMMAND_OK else { throw failure(result) }
  }

  private func failure(_ result: OpaquePointer?) -> CommandFailure {
    // `PG_DIAG_MESSAGE_PRIMARY`, which Swift does not import. The detail beside it repeats values of rows.
    let primary = PQresultErrorField(result, Int32(UInt8(ascii: "M")))
    let reason = PostgreSQLSource.line(primary ?? PQerrorMessage(connection))
    // `PG_DIAG_SQLSTATE`; 42501 is `insufficient_privilege`.
    let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) }
    return .usage(
      "\(name) can't be read: \(reason)",
      remedy: state == "42501"
        ? "Let the user read the other system's tables: GRANT SELECT ON ALL TABLES IN SCHEMA public."
        : "Run the import again: what is done stays done.", field: "source")
  }

  // MARK: Rows

  private final class Rows: SourceRows {
    /// Rows that are in memory at a time.
    private static let chunk: Int32 = 500

    private let source: PostgreSQLSource
    private let cursor: String
    private var result: OpaquePointer?
    private var row: Int32 = 0
    private var count = Rows.chunk

    init(_ source: PostgreSQLSource, _ cursor: String, _ sql: String) throws {
      self.source = source
      self.cursor = cursor
      try source.run("DECLARE \(cursor) NO SCROLL CURSOR FOR \(sql)")
      row = count
    }

    deinit {
      PQclear(result)
      PQclear(PQexec(source.connection, "CLOSE \(cursor)"))
    }

    func next() throws -> SourceRow? {
      if row >= count {
        // Fewer than were asked for: there are no more.
        if count < Rows.chunk { return nil }
        try fetch()
        if count == 0 { return nil }
      }
      defer { row += 1 }
      return SourceRow(values: (0..<PQnfields(result)).map(value))
    }

    private func fetch() throws {
      PQclear(result)
      result = PQexec(source.connection, "FETCH FORWARD \(Rows.chunk) FROM \(cursor)")
      guard PQresultStatus(result) == PGRES_TUPLES_OK else { throw source.failure(result) }
      row = 0
      count = PQntuples(result)
    }

    /// The value as ``SQLiteSource`` gives it where Django keeps the same in SQLite. The numbers are the oids of
    /// PostgreSQL's own types (`pg_type.dat`).
    private func value(_ column: Int32) -> SourceValue {
      if PQgetisnull(result, row, column) == 1 { return .null }
      guard let bytes = PQgetvalue(result, row, column) else { return .other }
      let length = Int(PQgetlength(result, row, column))
      let text = bytes.withMemoryRebound(to: UInt8.self, capacity: length) {
        String(validating: UnsafeBufferPointer(start: $0, count: length), as: UTF8.self)
      }
      guard let text else { return .other }
      return switch PQftype(result, column) {
      case 16: .integer(text == "t" ? 1 : 0)
      case 20, 21, 23: Int64(text).map { .integer($0) } ?? .other
      case 17: .other
      case 1114, 1184: .text(Rows.moment(text))
      case 2950: .text(text.replacing("-", with: ""))
      default: .text(text)
      }
    }

    /// `2026-11-21 00:29:42.5+00` as Django writes it for SQLite: in UTC without saying so, six digits or none.
    private static func moment(_ text: String) -> String {
      let bare = text.hasSuffix("+00") ? text.dropLast(3) : text[...]
      guard let point = bare.lastIndex(of: ".") else { return String(bare) }
      let digits = bare[point...].utf8.count - 1
      return bare + String(repeating: "0", count: max(0, 6 - digits))
    }
  }
}
