/// JSON strings that stay on one line and do nothing to a terminal.
///
/// Besides what JSON demands (`"`, `\`, U+0000 to U+001F), every other control and format character
/// (DEL, C1, bidirectional overrides, zero-width ones) and the separators U+2028 and U+2029 are written as
/// `\u` escapes. Reading the JSON gives back exactly what was written. One text has one spelling, so that
/// a listing may look for it in stored bytes.
package enum LineJSON {
  /// Appends `text` between quotes.
  package static func append(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    var text = text
    let isCopied = text.withUTF8 { utf8 in
      guard utf8.allSatisfy({ isPlain($0) }) else { return false }
      bytes.append(contentsOf: utf8)
      return true
    }
    if !isCopied { for scalar in text.unicodeScalars { append(scalar, to: &bytes) } }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Appends `"name":`, after a comma unless an object has just begun.
  package static func append(name: StaticString, to bytes: inout [UInt8]) {
    if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
    bytes.append(UInt8(ascii: "\""))
    name.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
  }

  /// Appends `"name":"text"`, or nothing for `nil`.
  package static func append(_ name: StaticString, _ text: String?, to bytes: inout [UInt8]) {
    guard let text else { return }
    append(name: name, to: &bytes)
    append(text, to: &bytes)
  }

  /// Appends a value, the names of objects in order. `false`, and what was appended means nothing, if it holds a
  /// number that is not whole.
  package static func append(_ value: JSONValue, to bytes: inout [UInt8]) -> Bool {
    switch value {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
    case .integer(let value): bytes.append(contentsOf: String(value).utf8)
    case .number: return false
    case .string(let text): append(text, to: &bytes)
    case .array(let values):
      bytes.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        guard append(value, to: &bytes) else { return false }
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let values):
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in values.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        append(member.key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        guard append(member.value, to: &bytes) else { return false }
      }
      bytes.append(UInt8(ascii: "}"))
    }
    return true
  }

  /// The same JSON with every control and format character written as an escape. Outside strings JSON is plain
  /// ASCII, so what is escaped stands within one.
  package static func escaped(_ json: String) -> String {
    if json.utf8.allSatisfy({ $0 < 0x7F }) { return json }
    var bytes: [UInt8] = []
    for scalar in json.unicodeScalars {
      if isUnsafe(scalar) {
        appendEscape(of: scalar, to: &bytes)
      } else {
        bytes.append(contentsOf: String(scalar).utf8)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
  }

  private static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
    switch scalar {
    case "\"": bytes.append(contentsOf: #"\""#.utf8)
    case "\\": bytes.append(contentsOf: #"\\"#.utf8)
    case "\n": bytes.append(contentsOf: #"\n"#.utf8)
    case "\r": bytes.append(contentsOf: #"\r"#.utf8)
    case "\t": bytes.append(contentsOf: #"\t"#.utf8)
    case _ where isUnsafe(scalar): appendEscape(of: scalar, to: &bytes)
    default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
  }

  private static func appendEscape(of scalar: Unicode.Scalar, to bytes: inout [UInt8]) {
    let digits = Array("0123456789abcdef".utf8)
    for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
      bytes.append(contentsOf: #"\u"#.utf8)
      for shift in [12, 8, 4, 0] as [UInt16] { bytes.append(digits[Int((unit >> shift) & 0xF)]) }
    }
  }

  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
