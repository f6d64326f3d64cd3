import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A value for a statement's `$1`, in PostgreSQL's binary format.
struct Parameter: Sendable {
  /// The type, as `pg_type.dat` numbers PostgreSQL's own types.
  let type: UInt32
  /// `nil` is NULL.
  let bytes: [UInt8]?
}

/// A Swift value that a statement's parameter can take.
protocol Bindable: Sendable {
  /// The number of its type, and of a list of it.
  static var type: UInt32 { get }
  static var listType: UInt32 { get }
  /// The value as PostgreSQL sends it (`typsend`): integers big-endian, text as UTF-8.
  var binary: [UInt8]? { get }
}

extension Bindable {
  var parameter: Parameter { Parameter(type: Self.type, bytes: binary) }
}

extension FixedWidthInteger {
  /// Big-endian.
  var networkBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}

extension Int64: Bindable {
  static var type: UInt32 { 20 }
  static var listType: UInt32 { 1016 }
  var binary: [UInt8]? { networkBytes }
}

extension Int: Bindable {
  static var type: UInt32 { 20 }
  static var listType: UInt32 { 1016 }
  var binary: [UInt8]? { Int64(self).networkBytes }
}

extension Timestamp: Bindable {
  static var type: UInt32 { 20 }
  static var listType: UInt32 { 1016 }
  var binary: [UInt8]? { milliseconds.networkBytes }
}

extension Bool: Bindable {
  static var type: UInt32 { 16 }
  static var listType: UInt32 { 1000 }
  var binary: [UInt8]? { [self ? 1 : 0] }
}

extension Double: Bindable {
  static var type: UInt32 { 701 }
  static var listType: UInt32 { 1022 }
  var binary: [UInt8]? { bitPattern.networkBytes }
}

extension String: Bindable {
  static var type: UInt32 { 25 }
  static var listType: UInt32 { 1009 }
  var binary: [UInt8]? { Array(utf8) }
}

extension UUID: Bindable {
  static var type: UInt32 { 2950 }
  static var listType: UInt32 { 2951 }
  var binary: [UInt8]? { withUnsafeBytes(of: uuid) { Array($0) } }
}

extension [UInt8]: Bindable {
  static var type: UInt32 { 17 }
  static var listType: UInt32 { 1001 }
  var binary: [UInt8]? { self }
}

extension Optional: Bindable where Wrapped: Bindable {
  static var type: UInt32 { Wrapped.type }
  static var listType: UInt32 { Wrapped.listType }
  var binary: [UInt8]? { flatMap(\.binary) }
}

/// A list of values, for `unnest` and `= ANY`.
struct List<Element: Bindable>: Bindable {
  let elements: [Element]

  init(_ elements: some Sequence<Element>) { self.elements = Array(elements) }

  static var type: UInt32 { Element.listType }
  /// PostgreSQL has no lists of lists.
  static var listType: UInt32 { 0 }

  /// As `array_recv` reads it: dimensions, whether there are NULLs, the elements' type, length and lower bound of the
  /// one dimension, then each element after its length.
  var binary: [UInt8]? {
    let values = elements.map(\.binary)
    var bytes = Int32(elements.isEmpty ? 0 : 1).networkBytes
    bytes += Int32(values.contains { $0 == nil } ? 1 : 0).networkBytes
    bytes += Element.type.networkBytes
    if elements.isEmpty { return bytes }
    bytes += Int32(elements.count).networkBytes + Int32(1).networkBytes
    for value in values {
      guard let value else {
        bytes += Int32(-1).networkBytes
        continue
      }
      bytes += Int32(value.count).networkBytes
      bytes += value
    }
    return bytes
  }
}
