import CardeaContracts

/// Reads JSON (RFC 8259) strictly, straight from bytes.
///
/// Valid UTF-8 only, one value, at most ``deepest`` levels, no name twice in an object, no number
/// that an `Int64` or a finite `Double` can't hold, no lone surrogate. Any other bytes are an
/// error, never a trap.
package struct JSONReader {
  /// Levels of arrays and objects within each other.
  static let deepest = 32

  /// Why bytes are not taken; the text is for people and repeats nothing of the body but a field's
  /// name.
  package struct Fault: Error, Equatable {
    let reason: String
  }

  private let bytes: [UInt8]
  private var position = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  package static func read(_ bytes: [UInt8]) throws(Fault) -> JSONValue {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw Fault(reason: "the body is no valid UTF-8")
    }
    var reader = JSONReader(bytes)
    reader.skipSpace()
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.position == bytes.count else {
      throw Fault(reason: "something follows the JSON value")
    }
    return value
  }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard current == byte else { return false }
    position += 1
    return true
  }

  private func unexpected() -> Fault {
    Fault(
      reason: position < bytes.count
        ? "the body is no JSON: unexpected byte at offset \(position)"
        : "the body is no JSON: it ends too early")
  }

  private mutating func value(depth: Int) throws(Fault) -> JSONValue {
    switch current {
    case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
    case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func word(_ text: StaticString, _ value: JSONValue) throws(Fault) -> JSONValue {
    let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    guard bytes[position...].starts(with: wanted) else { throw unexpected() }
    position += wanted.count
    return value
  }

  private mutating func object(depth: Int) throws(Fault) -> [String: JSONValue] {
    guard depth <= JSONReader.deepest else { throw JSONReader.tooDeep }
    position += 1
    var members: [String: JSONValue] = [:]
    skipSpace()
    if take(UInt8(ascii: "}")) { return members }
    while true {
      skipSpace()
      guard current == UInt8(ascii: "\"") else { throw unexpected() }
      let name = try string()
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw unexpected() }
      skipSpace()
      let member = try value(depth: depth)
      guard members.updateValue(member, forKey: name) == nil else {
        throw Fault(reason: "an object has one name twice")
      }
      skipSpace()
      if take(UInt8(ascii: "}")) { return members }
      guard take(UInt8(ascii: ",")) else { throw unexpected() }
    }
  }

  private mutating func array(depth: Int) throws(Fault) -> [JSONValue] {
    guard depth <= JSONReader.deepest else { throw JSONReader.tooDeep }
    position += 1
    var elements: [JSONValue] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return elements }
    while true {
      skipSpace()
      elements.append(try value(depth: depth))
      skipSpace()
      if take(UInt8(ascii: "]")) { return elements }
      guard take(UInt8(ascii: ",")) else { throw unexpected() }
    }
  }

  private static let tooDeep = Fault(reason: "the body has more than \(deepest) levels")

  private mutating func string() throws(Fault) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = current {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        // Valid as a whole, so valid between two ASCII bytes; escapes append whole scalars.
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        position += 1
        try escape(into: &text)
      case 0..<0x20: throw unexpected()
      default:
        text.append(byte)
        position += 1
      }
    }
    throw unexpected()
  }

  private mutating func escape(into text: inout [UInt8]) throws(Fault) {
    guard let byte = current else { throw unexpected() }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text.append(contentsOf: String(try escapedScalar()).utf8)
    default:
      position -= 1
      throw unexpected()
    }
  }

  private mutating func escapedScalar() throws(Fault) -> Unicode.Scalar {
    let first = try hexadecimal()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
      throw Fault(reason: "a string has half a surrogate pair")
    }
    let second = try hexadecimal()
    guard (0xDC00...0xDFFF).contains(second),
      let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    else { throw Fault(reason: "a string has half a surrogate pair") }
    return scalar
  }

  private mutating func hexadecimal() throws(Fault) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      switch current {
      case .some(let byte) where (0x30...0x39).contains(byte):
        value = value << 4 | UInt32(byte - 0x30)
      case .some(let byte) where (0x41...0x46).contains(byte):
        value = value << 4 | UInt32(byte - 0x37)
      case .some(let byte) where (0x61...0x66).contains(byte):
        value = value << 4 | UInt32(byte - 0x57)
      default: throw unexpected()
      }
      position += 1
    }
    return value
  }

  private mutating func digits() throws(Fault) {
    guard let byte = current, (0x30...0x39).contains(byte) else { throw unexpected() }
    while let byte = current, (0x30...0x39).contains(byte) { position += 1 }
  }

  private mutating func number() throws(Fault) -> JSONValue {
    let start = position
    _ = take(UInt8(ascii: "-"))
    if take(UInt8(ascii: "0")) {
      if let byte = current, (0x30...0x39).contains(byte) { throw unexpected() }
    } else {
      try digits()
    }
    var isInteger = true
    if take(UInt8(ascii: ".")) {
      isInteger = false
      try digits()
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      isInteger = false
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try digits()
    }
    // Only ASCII digits, signs, `.` and `e` are left, which both initialisers read without repair.
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, let integer = Int64(text) { return .integer(integer) }
    if !isInteger, let number = Double(text), number.isFinite { return .number(number) }
    throw Fault(reason: "a number is too large to be kept exactly")
  }
}
