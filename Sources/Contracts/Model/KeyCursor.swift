#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Where a page of keys ended: what its last key was sorted by, and that key's id. A key that is renamed between
/// two pages moves neither.
public struct KeyCursor: Sendable, Equatable {
  /// What a key is sorted by.
  public enum Value: Sendable, Equatable {
    /// The id alone.
    case created
    case name(String)
    /// `nil` for a key that never expires.
    case expiry(Timestamp?)
  }

  /// The order of the listing.
  public let sort: KeySort
  /// What the last key was sorted by.
  public let value: Value
  /// The last key's id.
  public let id: UUID

  /// The place of `key`.
  public init(of key: KeyRecord, in sort: KeySort) {
    self.sort = sort
    id = key.id
    value =
      switch sort {
      case .oldest, .newest: .created
      case .name, .nameDescending: .name(key.name)
      case .expiry, .expiryDescending: .expiry(key.expiresAt)
      }
  }

  /// Whether a key of this place is listed before one of `other`, which is of the same order.
  public func precedes(_ other: KeyCursor) -> Bool {
    let (first, second) = sort.isDescending ? (other, self) : (self, other)
    switch (first.value, second.value) {
    case (.name(let left), .name(let right)):
      let (left, right) = (left.utf8.lazy.map(\.asciiLowered), right.utf8.lazy.map(\.asciiLowered))
      if !left.elementsEqual(right) { return left.lexicographicallyPrecedes(right) }
    case (.expiry(let left?), .expiry(let right?)): if left != right { return left < right }
    case (.expiry(nil), .expiry(nil)): break
    // Of the two places as they were asked about: what never ends is last in both directions.
    case (.expiry, .expiry): return other.value == .expiry(nil)
    default: break
    }
    return withUnsafeBytes(of: first.id.uuid) { left in
      withUnsafeBytes(of: second.id.uuid) { left.lexicographicallyPrecedes($0) }
    }
  }
}

extension KeyCursor {
  /// The same place in the reverse order.
  package var reversed: KeyCursor { KeyCursor(sort: sort.reversed, value: value, id: id) }

  private init(sort: KeySort, value: Value, id: UUID) {
    self.sort = sort
    self.value = value
    self.id = id
  }
}

// MARK: As text

extension KeyCursor {
  /// The order, the value and the id, with dots between them; newest first, the id alone. Fit for a URL.
  public var text: String {
    switch value {
    case .created where sort == .newest: id.text
    case .created: "\(sort.rawValue).\(id.text)"
    case .name(let name): "\(sort.rawValue).\(Base64.encodeURL(name.utf8)).\(id.text)"
    case .expiry(let time?): "\(sort.rawValue).\(time.milliseconds).\(id.text)"
    case .expiry(nil): "\(sort.rawValue).never.\(id.text)"
    }
  }

  /// What ``text`` wrote; `nil` for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard let last = parts.last, last.utf8.count == 36, let id = UUID(uuidString: last),
      let sort = parts.count == 1 ? .newest : KeySort(rawValue: parts[0])
    else { return nil }
    switch (sort, parts.count) {
    case (.newest, 1), (.oldest, 2): value = .created
    case (.name, 3), (.nameDescending, 3):
      guard let bytes = Base64.decodeURL(parts[1].utf8),
        let name = String(validating: bytes, as: UTF8.self)
      else { return nil }
      value = .name(name)
    case (.expiry, 3), (.expiryDescending, 3):
      if parts[1] == "never" {
        value = .expiry(nil)
      } else if let milliseconds = Int64(parts[1]), "\(milliseconds)" == parts[1] {
        value = .expiry(Timestamp(milliseconds: milliseconds))
      } else {
        return nil
      }
    default: return nil
    }
    self.sort = sort
    self.id = id
  }
}

extension Page<StoredKey> {
  /// Where the next page begins, of a listing in this order; `nil` on the last page.
  public func cursor(in sort: KeySort) -> KeyCursor? {
    next == nil ? nil : items.last.map { KeyCursor(of: $0.key, in: sort) }
  }
}

extension UInt8 {
  /// The small letter of an ASCII letter; any other byte as it is.
  var asciiLowered: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}
