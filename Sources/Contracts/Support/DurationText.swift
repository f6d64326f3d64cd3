/// Durations as people write them: `500ms`, `30s`, `10m`, `12h`, `90d`, `never`.
///
/// One whole number and one unit; no sign, no fraction, no spaces, no leading zero.
public enum DurationText: Sendable, Equatable {
  case never
  case finite(Duration)

  /// The longest that is taken: 10,000 years, which no clock and no `Duration` overflows
  /// on.
  public static let longest: Duration = .seconds(10_000 * 366 * 86_400)

  /// Reads such a text; `nil` if it is anything else, or longer than ``longest``.
  public init?(_ text: String) {
    if text.utf8.elementsEqual("never".utf8) {
      self = .never
      return
    }
    let digits = text.utf8.prefix { $0 >= 0x30 && $0 <= 0x39 }
    let unit = text.utf8.dropFirst(digits.count)
    guard let first = digits.first, first != 0x30 || digits.count == 1,
      let milliseconds = DurationText.milliseconds(of: unit)
    else { return nil }
    var value: Int64 = 0
    for digit in digits {
      let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow2) = scaled.addingReportingOverflow(Int64(digit) - 0x30)
      guard !overflow, !overflow2 else { return nil }
      value = sum
    }
    let (total, overflow) = value.multipliedReportingOverflow(by: milliseconds)
    guard !overflow else { return nil }
    let duration = Duration.milliseconds(total)
    guard duration <= DurationText.longest else { return nil }
    self = .finite(duration)
  }

  /// Milliseconds of each unit.
  private static func milliseconds(of unit: Substring.UTF8View) -> Int64? {
    for (name, value) in units where unit.elementsEqual(name.utf8) { return value }
    return nil
  }

  private static let units: [(String, Int64)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
  ]

  /// The duration, or `nil` for `never`.
  public var duration: Duration? {
    if case .finite(let duration) = self { duration } else { nil }
  }
}

extension DurationText: CustomStringConvertible {
  /// The shortest text that reads back as the same whole milliseconds.
  public var description: String {
    guard let milliseconds = duration?.milliseconds else { return "never" }
    if milliseconds == 0 { return "0s" }
    for (name, value) in DurationText.units where milliseconds % value == 0 {
      return "\(milliseconds / value)\(name)"
    }
    return "\(milliseconds)ms"
  }
}
