import CPostgreSQL
import CardeaContracts

/// What a statement gave, in PostgreSQL's binary format.
// @unchecked: libpq's result is complete when it gets here, and only read from then on.
final class Rows: @unchecked Sendable, RandomAccessCollection {
  private let result: OpaquePointer?

  /// Whether the server warned of something meanwhile. Set by the connection before it hands the rows over.
  var isWarned = false

  init(_ result: OpaquePointer) { self.result = result }

  /// No rows.
  init() { result = nil }

  deinit { PQclear(result) }

  var startIndex: Int { 0 }
  var endIndex: Int { Int(PQntuples(result)) }
  subscript(index: Int) -> Row { Row(rows: self, result: result, index: Int32(index)) }

  /// The command that was run and how many rows it changed: `UPDATE 1`.
  var tag: String { PQcmdStatus(result).map { String(cString: $0) } ?? "" }

  /// Rows that were changed, or given.
  var changed: Int { PQcmdTuples(result).flatMap { Int(String(cString: $0)) } ?? 0 }
}

/// One row; columns are counted from 0.
struct Row: StoredRow {
  // Keeps the result alive.
  private let rows: Rows
  private let result: OpaquePointer?
  private let index: Int32

  init(rows: Rows, result: OpaquePointer?, index: Int32) {
    self.rows = rows
    self.result = result
    self.index = index
  }

  func isNull(_ column: Int32) -> Bool { PQgetisnull(result, index, column) == 1 }

  /// An integer of 2, 4 or 8 bytes, or a truth value.
  func int(_ column: Int32) -> Int64 {
    withBytes(column) { bytes in
      let raw = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      switch bytes.count {
      case 2: return Int64(Int16(truncatingIfNeeded: raw))
      case 4: return Int64(Int32(truncatingIfNeeded: raw))
      default: return Int64(truncatingIfNeeded: raw)
      }
    }
  }

  /// The column's bytes as they lie in the result, valid inside `body`.
  func withBytes<Value, Failure: Error>(
    _ column: Int32, _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    let start = UnsafeRawPointer(PQgetvalue(result, index, column))
    return try body(
      UnsafeBufferPointer(
        start: start?.assumingMemoryBound(to: UInt8.self),
        count: Int(PQgetlength(result, index, column))))
  }
}
