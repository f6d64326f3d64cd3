/// A setting and the whole value that it is to have.
struct NeededSetting: Sendable, Equatable {
  let name: String
  let value: SettingText

  init(name: String, value: SettingText) {
    self.name = name
    self.value = value
  }

  /// A list with these entries too. They are told apart as field names are, in any case.
  init(_ setting: Setting<[String]>, _ entries: [String], and more: [String]) {
    name = setting.name
    value = .many(entries + NeededSetting.missing(more, in: entries))
  }

  /// Those of `wanted` that a list lacks.
  static func missing(_ wanted: [String], in entries: [String]) -> [String] {
    let known = Set(entries.map { $0.lowercased() })
    return wanted.filter { !known.contains($0.lowercased()) }
  }

  /// The setting as a line of YAML under its dotted name, which no section of a file clashes with.
  var line: String {
    switch value {
    case .one(let text): "\(name): \(NeededSetting.quoted(text))"
    case .many(let texts):
      "\(name): [\(texts.map(NeededSetting.scalar).joined(separator: ", "))]"
    }
  }

  /// A text as YAML reads it in a list: bare where it can only be a text.
  static func scalar(_ text: String) -> String {
    let isBare =
      text.utf8.first.map { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A } == true
      && text.utf8.allSatisfy { byte in
        (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7A || byte >= 0x30 && byte <= 0x39
          || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
      }
    let isWord = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(
      text.lowercased())
    return isBare && !isWord ? text : quoted(text)
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return "\"\(escaped)\""
  }
}
