import CardeaContracts

/// Reads `name=value&name=value`, as queries and `application/x-www-form-urlencoded` bodies are
/// written.
///
/// Works on the encoded text and decodes only what is asked for. Strict: a `%` that does not begin
/// two hexadecimal digits, or bytes that are no UTF-8, make a value unreadable; an unreadable value
/// of the name that was asked for is ``FieldValue/repeated``, since passing over it could hide a
/// credential.
public struct FormItems: Sendable {
  private let text: Substring
  private let plusIsSpace: Bool

  /// The query of a URI (RFC 3986): `+` is itself.
  public init(query: Substring) {
    text = query
    plusIsSpace = false
  }

  /// A form's body (WHATWG URL, section 5): `+` is a space.
  public init(form: String) {
    text = form[...]
    plusIsSpace = true
  }

  /// The value under that name.
  public func value(_ name: String) -> FieldValue {
    var found = FieldValue.absent
    for item in text.utf8.split(separator: UInt8(ascii: "&")) {
      let rawName = item.prefix { $0 != UInt8(ascii: "=") }
      guard matches(rawName, name) else { continue }
      guard case .absent = found, let value = decode(item.dropFirst(rawName.count + 1)) else {
        return .repeated
      }
      found = .one(value)
    }
    return found
  }

  /// Every item, decoded, in order; `nil` if any is unreadable.
  public func all() -> [(name: String, value: String)]? {
    var items: [(name: String, value: String)] = []
    for item in text.utf8.split(separator: UInt8(ascii: "&")) {
      let rawName = item.prefix { $0 != UInt8(ascii: "=") }
      guard let name = decode(rawName), let value = decode(item.dropFirst(rawName.count + 1)) else {
        return nil
      }
      items.append((name, value))
    }
    return items
  }

  /// A part of a URI, decoded as a query's value is; `nil` if it is unreadable.
  package static func decoded(_ raw: Substring.UTF8View) -> String? {
    FormItems(query: "").decode(raw)
  }

  private func matches(_ raw: Substring.UTF8View, _ name: String) -> Bool {
    if raw.elementsEqual(name.utf8) { return true }
    guard raw.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }),
      let decoded = decode(raw)
    else { return false }
    return decoded.utf8.elementsEqual(name.utf8)
  }

  private func decode(_ raw: Substring.UTF8View) -> String? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(raw.count)
    var rest = raw.makeIterator()
    while let byte = rest.next() {
      if byte == UInt8(ascii: "%") {
        guard let high = rest.next().flatMap(Hex.anyCase),
          let low = rest.next().flatMap(Hex.anyCase)
        else { return nil }
        bytes.append(high << 4 | low)
      } else if byte == UInt8(ascii: "+"), plusIsSpace {
        bytes.append(0x20)
      } else {
        bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
