import CardeaKernel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Scopes and metadata as the JSON text of a column.
enum JSONText {
  static func text(_ scopes: ScopeSet) throws(StoreError) -> String {
    let isPlain = scopes.names.allSatisfy {
      $0.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
    }
    guard isPlain else { return try encode(scopes) }
    return "[" + scopes.names.map { "\"\($0)\"" }.joined(separator: ",") + "]"
  }

  static func text(_ metadata: [String: JSONValue]) throws(StoreError) -> String {
    var bytes: [UInt8] = []
    guard LineJSON.append(.object(metadata), to: &bytes) else { return try encode(metadata) }
    return String(decoding: bytes, as: UTF8.self)
  }

  static func text(_ names: [String]) throws(StoreError) -> String {
    names.isEmpty ? "[]" : try encode(names)
  }

  /// The names in a column. Most owners have none.
  static func list(_ row: Row, _ column: Int32) throws(StoreError) -> [String] {
    if row.withBytes(column, { $0.elementsEqual("[]".utf8) }) { return [] }
    return try decode([String].self, row, column)
  }

  private static func encode(_ value: some Encodable) throws(StoreError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else {
      throw .unavailable("the value has no JSON form (a number that is not finite)")
    }
    return String(decoding: data, as: UTF8.self)
  }

  /// The metadata in a column. Most keys have none: those cost no decoder.
  static func object(
    _ row: Row, _ column: Int32
  ) throws(StoreError) -> [String: JSONValue] {
    if row.withBytes(column, { $0.elementsEqual("{}".utf8) }) { return [:] }
    return try decode([String: JSONValue].self, row, column)
  }

  /// The scopes in a column. Without an escape in them the names stand between quotes, as they are.
  static func scopes(_ row: Row, _ column: Int32) throws(StoreError) -> ScopeSet {
    let plain: [String?]? = row.withBytes(column) { bytes in
      if bytes.contains(UInt8(ascii: "\\")) { return nil }
      // ["a","b"]: every second part is a name.
      let parts = bytes.split(separator: UInt8(ascii: "\""), omittingEmptySubsequences: false)
      return stride(from: 1, to: parts.count, by: 2).map {
        String(validating: parts[$0], as: UTF8.self)
      }
    }
    guard let plain else { return ScopeSet(try decode([String].self, row, column)) }
    let names = plain.compactMap { $0 }
    guard names.count == plain.count else { throw .corrupt("a scope in the store is not UTF-8") }
    return ScopeSet(names)
  }

  private static func decode<Value: Decodable>(
    _ type: Value.Type, _ row: Row, _ column: Int32
  ) throws(StoreError) -> Value {
    guard let value = try? JSONDecoder().decode(type, from: Data(row.bytes(column))) else {
      throw .corrupt("a JSON text in the store can't be read")
    }
    return value
  }
}
