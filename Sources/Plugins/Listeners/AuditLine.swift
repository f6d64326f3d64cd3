import CardeaKernel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An event as one line of JSON.
enum AuditLine {
  /// Appends the event's JSON and a line break.
  ///
  /// Whatever a client sends, the line stays one line and does nothing to a terminal: besides what
  /// JSON demands (U+0000 to U+001F), every other control and format character (DEL, C1,
  /// bidirectional overrides, zero-width ones) and the separators U+2028 and U+2029 are written as
  /// `\u` escapes. Reading the JSON gives back exactly what was sent.
  static func append(_ event: AccessEvent, to lines: inout [UInt8]) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let json = try encoder.encode(event)
    // Outside strings JSON is plain ASCII, so what is escaped here stands within a string.
    if json.allSatisfy({ $0 < 0x7F }) {
      lines.append(contentsOf: json)
    } else {
      for scalar in String(decoding: json, as: UTF8.self).unicodeScalars {
        append(scalar, to: &lines)
      }
    }
    lines.append(UInt8(ascii: "\n"))
  }

  private static func append(_ scalar: Unicode.Scalar, to lines: inout [UInt8]) {
    guard scalar.value >= 0x7F, isUnsafe(scalar) else {
      lines.append(contentsOf: Array(String(scalar).utf8))
      return
    }
    let digits = Array("0123456789abcdef".utf8)
    for unit in String(scalar).utf16 {
      lines.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "u")])
      for shift in [12, 8, 4, 0] as [UInt16] { lines.append(digits[Int((unit >> shift) & 0xF)]) }
    }
  }

  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
