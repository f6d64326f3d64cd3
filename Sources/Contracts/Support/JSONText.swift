#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Scopes, metadata and names as the JSON text in which stores keep them.
package enum JSONText {
  package static func text(_ scopes: ScopeSet) throws(StoreError) -> String {
    let isPlain = scopes.names.allSatisfy {
      $0.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
    }
    guard isPlain else { return try encode(scopes) }
    return "[" + scopes.names.map { "\"\($0)\"" }.joined(separator: ",") + "]"
  }

  package static func text(_ metadata: [String: JSONValue]) throws(StoreError) -> String {
    var bytes: [UInt8] = []
    guard LineJSON.append(.object(metadata), to: &bytes) else { return try encode(metadata) }
    return String(decoding: bytes, as: UTF8.self)
  }

  package static func text(_ names: [String]) throws(StoreError) -> String {
    names.isEmpty ? "[]" : try encode(names)
  }

  private static func encode(_ value: some Encodable) throws(StoreError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else {
      throw .unavailable("the value has no JSON form (a number that is not finite)")
    }
    return String(decoding: data, as: UTF8.self)
  }

  /// Most owners have no names: those cost no decoder.
  package static func names(_ bytes: UnsafeBufferPointer<UInt8>) throws(StoreError) -> [String] {
    bytes.elementsEqual("[]".utf8) ? [] : try decode([String].self, bytes)
  }

  /// Most keys have no metadata: those cost no decoder.
  package static func object(
    _ bytes: UnsafeBufferPointer<UInt8>
  ) throws(StoreError) -> [String: JSONValue] {
    bytes.elementsEqual("{}".utf8) ? [:] : try decode([String: JSONValue].self, bytes)
  }

  /// Without an escape in them the scopes stand between quotes, as they are.
  package static func scopes(_ bytes: UnsafeBufferPointer<UInt8>) throws(StoreError) -> ScopeSet {
    if bytes.contains(UInt8(ascii: "\\")) { return ScopeSet(try decode([String].self, bytes)) }
    // ["a","b"]: every second part is a name.
    let parts = bytes.split(separator: UInt8(ascii: "\""), omittingEmptySubsequences: false)
    var names: [String] = []
    for index in stride(from: 1, to: parts.count, by: 2) {
      guard let name = String(validating: parts[index], as: UTF8.self) else {
        throw .corrupt("a scope in the store is not UTF-8")
      }
      names.append(name)
    }
    return ScopeSet(names)
  }

  private static func decode<Value: Decodable>(
    _ type: Value.Type, _ bytes: UnsafeBufferPointer<UInt8>
  ) throws(StoreError) -> Value {
    guard let value = try? JSONDecoder().decode(type, from: Data(bytes)) else {
      throw .corrupt("a JSON text in the store can't be read")
    }
    return value
  }
}
