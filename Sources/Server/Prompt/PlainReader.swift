import HTTPTypes

/// Reads the lines of a ``PlainHead``, one after the other.
struct PlainReader {
  private let bytes: UnsafeRawBufferPointer
  private(set) var position = 0
  /// Whether the empty line has come, and before it what every request needs.
  private(set) var isAtEnd = false
  private var hasHost = false
  private var hasLength = false

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The method and the space behind it.
  mutating func method() -> HTTPRequest.Method? {
    switch bytes.first {
    case UInt8(ascii: "G"): passes("GET ") ? .get : nil
    case UInt8(ascii: "H"): passes("HEAD ") ? .head : nil
    case UInt8(ascii: "P"):
      passes("POST ") ? .post : passes("PUT ") ? .put : passes("PATCH ") ? .patch : nil
    case UInt8(ascii: "D"): passes("DELETE ") ? .delete : nil
    case UInt8(ascii: "O"): passes("OPTIONS ") ? .options : nil
    default: nil
    }
  }

  /// The path with its query, and the rest of the line.
  mutating func target() -> String? {
    let start = position
    guard start < bytes.count, bytes[start] == UInt8(ascii: "/") else { return nil }
    while position < bytes.count, PlainReader.isOfTarget(bytes[position]) { position += 1 }
    let target = start..<position
    guard passes(" HTTP/1.1\r\n") else { return nil }
    return String(decoding: bytes[target], as: UTF8.self)
  }

  /// The next field, unless there is none or it is not plain.
  mutating func field() -> (name: Range<Int>, value: Range<Int>)? {
    let start = position
    while position < bytes.count, PlainReader.isOfName(bytes[position]) { position += 1 }
    let name = start..<position
    if name.isEmpty {
      isAtEnd = hasHost && passes("\r\n")
      return nil
    }
    guard passes(":") else { return nil }
    while position < bytes.count, bytes[position] == 0x20 { position += 1 }
    let begin = position
    while position < bytes.count, bytes[position] >= 0x20, bytes[position] < 0x7F { position += 1 }
    let value = begin..<position
    guard value.isEmpty || bytes[position - 1] != 0x20, passes("\r\n"), isPlain(name, value) else {
      return nil
    }
    return (name, value)
  }

  /// Whether the field leaves the request one without a body, and the connection as it is.
  private mutating func isPlain(_ name: Range<Int>, _ value: Range<Int>) -> Bool {
    let (name, value) = (bytes[name], bytes[value])
    switch name.count {
    case 4 where PlainReader.isSame(name, "host"):
      defer { hasHost = true }
      return !hasHost && !value.isEmpty
    case 6: return !PlainReader.isSame(name, "expect")
    case 7: return !PlainReader.isSame(name, "upgrade")
    case 10 where PlainReader.isSame(name, "connection"):
      return PlainReader.isSame(value, "keep-alive")
    case 11: return !PlainReader.isSame(name, "traceparent")
    case 14 where PlainReader.isSame(name, "content-length"):
      defer { hasLength = true }
      return !hasLength && PlainReader.isSame(value, "0")
    case 17: return !PlainReader.isSame(name, "transfer-encoding")
    default: return true
    }
  }

  /// Whether that text is what comes next, which is passed over then.
  private mutating func passes(_ text: StaticString) -> Bool {
    let length = text.utf8CodeUnitCount
    guard bytes.count - position >= length else { return false }
    for place in 0..<length where bytes[position + place] != text.utf8Start[place] { return false }
    position += length
    return true
  }

  /// - Parameter text: in lower case.
  static func isSame(_ bytes: Slice<UnsafeRawBufferPointer>, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount else { return false }
    let start = bytes.startIndex
    for place in 0..<bytes.count
    where lowered(bytes[start + place]) != text.utf8Start[place] { return false }
    return true
  }

  /// - Parameter text: in lower case.
  static func isSame(_ bytes: Slice<UnsafeRawBufferPointer>, _ text: String) -> Bool {
    guard bytes.count == text.utf8.count else { return false }
    for (byte, expected) in zip(bytes, text.utf8) where lowered(byte) != expected { return false }
    return true
  }

  private static func lowered(_ byte: UInt8) -> UInt8 {
    byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
  }

  /// Whether a byte is part of a field's name (RFC 9110, section 5.6.2).
  private static func isOfName(_ byte: UInt8) -> Bool {
    holds(byte, low: nameBits.low, high: nameBits.high)
  }

  /// Letters, digits, and what paths and queries are made of (RFC 3986, section 3.3), `%` included.
  private static func isOfTarget(_ byte: UInt8) -> Bool {
    holds(byte, low: targetBits.low, high: targetBits.high)
  }

  /// A bit for each character, of those below 64 and of the others.
  private typealias Characters = (low: UInt64, high: UInt64)

  /// Letters, digits and ``!#$%&'*+-.^_`|~``.
  private static let nameBits: Characters = (0x03FF_6CFA_0000_0000, 0x57FF_FFFF_C7FF_FFFE)
  /// Letters, digits and `!$%&'()*+,-./:;=?@_~`.
  private static let targetBits: Characters = (0xAFFF_FFF2_0000_0000, 0x47FF_FFFE_87FF_FFFF)

  @inline(__always)
  private static func holds(_ byte: UInt8, low: UInt64, high: UInt64) -> Bool {
    byte < 0x80 && (byte < 0x40 ? low : high) >> UInt64(byte & 0x3F) & 1 == 1
  }
}
