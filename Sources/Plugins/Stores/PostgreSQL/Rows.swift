import CPostgreSQL
import CardeaKernel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a statement gave, in PostgreSQL's binary format.
// @unchecked: libpq's result is complete when it gets here, and only read from then on.
final class Rows: @unchecked Sendable, RandomAccessCollection {
  private let result: OpaquePointer?

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
struct Row {
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

  func bool(_ column: Int32) -> Bool { int(column) != 0 }

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

  /// The column's bytes as they lie in the result, valid inside `body`.
  func withBytes<Value>(_ column: Int32, _ body: (UnsafeBufferPointer<UInt8>) -> Value) -> Value {
    let count = Int(PQgetlength(result, index, column))
    guard let start = PQgetvalue(result, index, column) else {
      return body(UnsafeBufferPointer(start: nil, count: 0))
    }
    return start.withMemoryRebound(to: UInt8.self, capacity: count) {
      body(UnsafeBufferPointer(start: $0, count: count))
    }
  }
}
