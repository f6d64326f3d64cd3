import CardeaContracts

/// A setting: everything that the program, its documentation and its tests know of it.
package struct Setting<Value: Sendable>: Sendable {
  /// The dotted name in the file: `token.namespace`.
  package let name: String
  package let type: SettingDeclaration.ValueType
  package let defaultValue: Value
  /// The default as a person would write it in the file.
  package let defaultText: String
  /// The option of the command line that sets it, if one does.
  package let flag: String?
  package let documentation: String
  /// Turns a source's text into the value.
  package let read: @Sendable (SettingText) throws(SettingProblem) -> Value
  /// Of a list: everything that is wrong with its entries, each with the entry.
  package let problems: SettingEntryCheck?

  package init(
    _ name: String, _ type: SettingDeclaration.ValueType, default defaultValue: Value,
    written defaultText: String, flag: String?, documentation: String,
    problems: SettingEntryCheck? = nil,
    read: @escaping @Sendable (SettingText) throws(SettingProblem) -> Value
  ) {
    self.name = name
    self.type = type
    self.defaultValue = defaultValue
    self.defaultText = defaultText
    self.flag = flag
    self.documentation = documentation
    self.problems = problems
    self.read = read
  }

  /// The setting without its value's type: a row of the table.
  package var row: SettingRow {
    SettingRow(
      name: name, type: type, defaultText: defaultText, flag: flag, documentation: documentation,
      problems: problems
    ) { (text: SettingText) throws(SettingProblem) -> any Sendable in try read(text) }
  }
}

extension Setting where Value == String {
  /// A line of text. `check` says what is wrong with it, if anything is.
  static func text(
    _ name: String, default value: String, flag: String? = nil, _ documentation: String,
    check: @escaping @Sendable (String) -> SettingProblem? = { _ in nil }
  ) -> Setting<String> {
    Setting(
      name, .string, default: value, written: value, flag: flag, documentation: documentation
    ) { (text: SettingText) throws(SettingProblem) -> String in
      let value = try SettingValueReader.string(text)
      if let problem = check(value) { throw problem }
      return value
    }
  }
}

extension Setting where Value == Int {
  static func integer(
    _ name: String, default value: Int, in range: ClosedRange<Int>, flag: String? = nil,
    _ documentation: String
  ) -> Setting<Int> {
    Setting(
      name, .integer, default: value, written: "\(value)", flag: flag, documentation: documentation
    ) { (text: SettingText) throws(SettingProblem) -> Int in
      try SettingValueReader.integer(text, in: range)
    }
  }
}

extension Setting where Value == Bool {
  static func boolean(
    _ name: String, default value: Bool, _ documentation: String
  ) -> Setting<Bool> {
    Setting(
      name, .boolean, default: value, written: "\(value)", flag: nil, documentation: documentation
    ) { (text: SettingText) throws(SettingProblem) -> Bool in
      try SettingValueReader.boolean(text)
    }
  }
}

extension Setting where Value == Duration {
  static func duration(
    _ name: String, default value: Duration, written: String, in range: ClosedRange<Duration>,
    _ documentation: String
  ) -> Setting<Duration> {
    Setting(
      name, .duration, default: value, written: written, flag: nil, documentation: documentation
    ) { (text: SettingText) throws(SettingProblem) -> Duration in
      try SettingValueReader.duration(text, in: range)
    }
  }
}

extension Setting where Value == Duration? {
  /// A duration that may be `never`, which is `nil`.
  static func durationOrNever(
    _ name: String, default value: Duration?, written: String, in range: ClosedRange<Duration>,
    _ documentation: String
  ) -> Setting<Duration?> {
    Setting(
      name, .duration, default: value, written: written, flag: nil, documentation: documentation
    ) { (text: SettingText) throws(SettingProblem) -> Duration? in
      if case .one("never") = text { return nil }
      return try SettingValueReader.duration(text, in: range, never: true)
    }
  }
}

extension Setting where Value == Rate? {
  /// A rate that may be `off`, which is `nil`.
  static func rate(
    _ name: String, default value: Rate?, written: String, _ documentation: String
  ) -> Setting<Rate?> {
    Setting(
      name, .string, default: value, written: written, flag: nil, documentation: documentation
    ) { (text: SettingText) throws(SettingProblem) -> Rate? in
      let written = try SettingValueReader.string(text)
      if written == "off" { return nil }
      guard let rate = Rate(written) else {
        throw SettingProblem(
          "not a rate",
          remedy: "Write a count of at most 1000000 and a duration from 1s to 366d, such as "
            + "10/1m, or off.")
      }
      return rate
    }
  }
}

extension Setting where Value == [String] {
  /// A list of texts. `check` says what is wrong with an entry, if anything is.
  /// - Parameter identity: what makes two entries the same, if none may be there twice.
  static func texts(
    _ name: String, default value: [String], _ documentation: String,
    identity: (@Sendable (String) -> String)? = nil,
    check: @escaping @Sendable (String) -> SettingProblem? = { _ in nil }
  ) -> Setting<[String]> {
    let problems: SettingEntryCheck = { entries in
      var seen: Set<String> = []
      return entries.compactMap { entry in
        let isTwice = identity.map { !seen.insert($0(entry)).inserted } ?? false
        let problem =
          SettingValueReader.problem(ofEntry: entry) ?? check(entry)
          ?? (isTwice ? SettingProblem("given twice", remedy: "Keep one of them.") : nil)
        return problem.map { (entry, $0) }
      }
    }
    return Setting(
      name, .strings, default: value, written: "[\(value.joined(separator: ", "))]", flag: nil,
      documentation: documentation, problems: problems
    ) { (text: SettingText) throws(SettingProblem) -> [String] in
      let values = try SettingValueReader.strings(text)
      if let first = problems(values).first { throw first.problem }
      return values
    }
  }
}
