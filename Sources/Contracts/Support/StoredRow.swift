#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One row of a database as a store reads it: columns, counted from 0, whose values become those of records.
package protocol StoredRow: ~Copyable {
  func isNull(_ column: Int32) -> Bool
  func int(_ column: Int32) -> Int64
  /// The column's bytes as the database holds them, valid inside `body`.
  func withBytes<Value, Failure: Error>(
    _ column: Int32, _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Value
  ) throws(Failure) -> Value
}

// Inlinable, since a lookup reads some thirty columns.
extension StoredRow where Self: ~Copyable {
  @inlinable
  package func bool(_ column: Int32) -> Bool { int(column) != 0 }

  /// The column's text. Not UTF-8 → `.corrupt`.
  @inlinable
  package func text(_ column: Int32) throws(StoreError) -> String {
    let text = withBytes(column) { String(validating: $0, as: UTF8.self) }
    guard let text else { throw .corrupt("a text in the store is not UTF-8") }
    return text
  }

  @inlinable
  package func bytes(_ column: Int32) -> [UInt8] { withBytes(column) { Array($0) } }

  @inlinable
  package func uuid(_ column: Int32) throws(StoreError) -> UUID {
    let uuid: UUID? = withBytes(column) { bytes in
      guard bytes.count == 16 else { return nil }
      return UUID(uuid: UnsafeRawBufferPointer(bytes).loadUnaligned(as: uuid_t.self))
    }
    guard let uuid else { throw .corrupt("an id in the store is not 16 bytes long") }
    return uuid
  }

  package func digest(_ column: Int32) throws(StoreError) -> Digest256 {
    guard let digest = Digest256(bytes(column)) else {
      throw .corrupt("a digest in the store is not 32 bytes long")
    }
    return digest
  }

  @inlinable
  package func timestamp(_ column: Int32) -> Timestamp { Timestamp(milliseconds: int(column)) }

  @inlinable
  package func optionalTimestamp(_ column: Int32) -> Timestamp? {
    isNull(column) ? nil : timestamp(column)
  }

  @inlinable
  package func optionalUUID(_ column: Int32) throws(StoreError) -> UUID? {
    isNull(column) ? nil : try uuid(column)
  }

  @inlinable
  package func optionalText(_ column: Int32) throws(StoreError) -> String? {
    isNull(column) ? nil : try text(column)
  }

  @inlinable
  package func optionalBytes(_ column: Int32) -> [UInt8]? { isNull(column) ? nil : bytes(column) }

  /// Scopes in a column of JSON.
  package func scopes(_ column: Int32) throws(StoreError) -> ScopeSet {
    try withBytes(column, JSONText.scopes)
  }

  /// Metadata in a column of JSON.
  package func metadata(_ column: Int32) throws(StoreError) -> [String: JSONValue] {
    try withBytes(column, JSONText.object)
  }

  /// Names in a column of JSON.
  package func names(_ column: Int32) throws(StoreError) -> [String] {
    try withBytes(column, JSONText.names)
  }
}
