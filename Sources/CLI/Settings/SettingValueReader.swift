import CardeaContracts

/// Turns a source's text into a value of a setting's type, strictly: one value has one spelling.
package enum SettingValueReader {
  package static func string(_ text: SettingText) throws(SettingProblem) -> String {
    guard case .one(let value) = text else {
      throw SettingProblem("a list where one text belongs", remedy: "Write one text.")
    }
    guard !value.utf8.contains(0) else {
      throw SettingProblem("contains a NUL character", remedy: "Remove it.")
    }
    return value
  }

  package static func integer(
    _ text: SettingText, in range: ClosedRange<Int>
  ) throws(SettingProblem) -> Int {
    let bounds = "between \(range.lowerBound) and \(range.upperBound)"
    guard case .one(let written) = text, let value = IntegerText.parse(written) else {
      throw SettingProblem(
        "not a whole number", remedy: "Write a number \(bounds) with the digits 0 to 9.")
    }
    guard range.contains(value) else {
      throw SettingProblem("out of range", remedy: "Write a number \(bounds).")
    }
    return value
  }

  package static func boolean(_ text: SettingText) throws(SettingProblem) -> Bool {
    switch text {
    case .one("true"): return true
    case .one("false"): return false
    default: throw SettingProblem("neither true nor false", remedy: "Write true or false.")
    }
  }

  package static func duration(
    _ text: SettingText, in range: ClosedRange<Duration>, never: Bool = false
  ) throws(SettingProblem) -> Duration {
    let examples = "such as 500ms, 30s, 10m, 12h or 90d" + (never ? ", or never" : "")
    guard case .one(let written) = text, let value = DurationText(written)?.duration
    else {
      throw SettingProblem(
        "not a duration",
        remedy: "Write a whole number and a unit, \(examples).")
    }
    guard range.contains(value) else {
      throw SettingProblem(
        "out of range",
        remedy: "Write a duration between \(DurationText.finite(range.lowerBound)) and "
          + "\(DurationText.finite(range.upperBound))" + (never ? ", or never." : "."))
    }
    return value
  }

  package static func strings(_ text: SettingText) throws(SettingProblem) -> [String] {
    guard case .many(let values) = text else {
      throw SettingProblem(
        "one text where a list belongs", remedy: "Write a list in brackets: [one, two].")
    }
    for value in values {
      if let problem = problem(ofEntry: value) { throw problem }
    }
    return values
  }

  /// What no entry of any list may be.
  package static func problem(ofEntry value: String) -> SettingProblem? {
    value.isEmpty || value.utf8.contains(0)
      ? SettingProblem("an empty entry, or one with a NUL character", remedy: "Remove that entry.")
      : nil
  }
}
