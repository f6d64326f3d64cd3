import CardeaKernel

/// What clients of another system need of the settings.
struct ImportNeeds: Sendable {
  var headers: [String] = []
  var schemes: [String] = []
  /// The format of their tokens.
  let format: String

  /// The settings that meet these needs, each with its whole value: what is in force, and what is needed beside
  /// it. So the last import's tell of every import before it, once their own were taken over.
  /// - Parameter namespace: the one that most imported prefixes have, if new tokens can have it too. One that
  ///   somebody chose stays.
  func settings(beside settings: Settings, namespace: String?) -> [NeededSetting] {
    var needed: [NeededSetting] = []
    let accept = settings[SettingsTable.tokenAccept]
    // Without a list every format is accepted, plain from its first key on.
    if !accept.isEmpty {
      let isPreferred = settings[SettingsTable.tokenFormat] == format
      needed.append(
        NeededSetting(SettingsTable.tokenAccept, accept, and: isPreferred ? [] : [format]))
    }
    let name = SettingsTable.namespace
    if settings.origin(name.name) != .standard {
      needed.append(NeededSetting(name: name.name, value: .one(settings[name])))
    } else if let namespace {
      needed.append(NeededSetting(name: name.name, value: .one(namespace)))
    }
    needed.append(
      NeededSetting(SettingsTable.headers, settings[SettingsTable.headers], and: headers))
    needed.append(
      NeededSetting(SettingsTable.schemes, settings[SettingsTable.schemes], and: schemes))
    return needed
  }
}

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
