/// A setting as a source gave it: text, not yet of its type.
package enum SettingText: Sendable, Equatable {
  case one(String)
  case many([String])

  /// How a fault shows it: one line of at most 80 characters, control characters written out.
  package var shown: String {
    switch self {
    case .one(let text): SafeText.line(text, limit: 80)
    case .many(let texts): "[" + SafeText.line(texts.joined(separator: ", "), limit: 78) + "]"
    }
  }
}
