/// Stored or foreign text, made safe to print on a terminal.
///
/// Control characters (C0, DEL, C1), line and paragraph separators, and the characters that reorder
/// or hide text (bidirectional controls, zero-width characters, tags) are written as `\u{…}`, so
/// that a key's name can neither move the cursor nor pretend to be another name.
package enum SafeText {
  package static func line(_ text: String, limit: Int = .max) -> String {
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
      if count >= limit {
        result += "…"
        break
      }
      count += 1
      if isUnsafe(scalar) {
        result += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The same for a text of several lines, whose line feeds stay.
  package static func lines(_ text: String) -> String {
    text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
      .map { line(String(Substring($0))) }.joined(separator: "\n")
  }

  private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: true
    default: false
    }
  }
}
