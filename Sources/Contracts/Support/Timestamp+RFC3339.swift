// Written out rather than left to Foundation, whose parser takes text after the time and days that no month
// has, and whose formatter cuts milliseconds off by one.
extension Timestamp {
  /// Reads RFC 3339 (`2026-11-21T02:13:25Z`), with or without a fraction or an offset. `nil` if the text is
  /// anything else, names a moment that no calendar has (30 February, 24:00, a leap second) or lies outside
  /// ``earliest`` and ``latest``. A fraction counts to the millisecond.
  public init?(rfc3339 text: String) {
    var reader = DigitReader(text.utf8)
    guard let year = reader.number(4), reader.take("-"), let month = reader.number(2),
      reader.take("-"), let day = reader.number(2), reader.take("T", "t"),
      let hour = reader.number(2), reader.take(":"), let minute = reader.number(2),
      reader.take(":"), let second = reader.number(2)
    else { return nil }
    var milliseconds: Int64 = 0
    if reader.take(".") {
      guard let fraction = reader.fraction() else { return nil }
      milliseconds = fraction
    }
    guard let offset = reader.offset(), reader.isAtEnd, year >= 1, (1...12).contains(month),
      day >= 1, day <= Timestamp.days(in: month, of: year), hour < 24, minute < 60, second < 60
    else { return nil }
    let days = Timestamp.daysSinceEpoch(year, month, day)
    let total =
      (days * 86_400 + hour * 3_600 + minute * 60 + second - offset) * 1_000 + milliseconds
    guard total >= Timestamp.earliest.milliseconds, total <= Timestamp.latest.milliseconds else {
      return nil
    }
    self.init(milliseconds: total)
  }

  /// RFC 3339 in UTC with milliseconds.
  public var rfc3339: String {
    let (days, rest) = Timestamp.floored(milliseconds, by: 86_400_000)
    let (year, month, day) = Timestamp.date(daysSinceEpoch: days)
    let fields: [(value: Int64, width: Int, end: Unicode.Scalar)] = [
      (year, 4, "-"), (month, 2, "-"), (day, 2, "T"), (rest / 3_600_000, 2, ":"),
      (rest / 60_000 % 60, 2, ":"), (rest / 1_000 % 60, 2, "."), (rest % 1_000, 3, "Z"),
    ]
    return String(unsafeUninitializedCapacity: 24) { text in
      var end = 0
      for field in fields {
        var value = field.value
        for place in (end..<(end + field.width)).reversed() {
          text[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10)
          value /= 10
        }
        text[end + field.width] = UInt8(ascii: field.end)
        end += field.width + 1
      }
      return end
    }
  }

  private static func floored(_ value: Int64, by divisor: Int64) -> (Int64, Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }

  private static func days(in month: Int64, of year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days of the proleptic Gregorian calendar since 1970-01-01. A year is counted from March, so that the leap
  /// day comes last; 400 years have 146,097 days.
  private static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    let counted = month <= 2 ? year - 1 : year
    let (era, yearOfEra) = floored(counted, by: 400)
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }

  private static func date(daysSinceEpoch days: Int64) -> (Int64, Int64, Int64) {
    let (era, dayOfEra) = floored(days + 719_468, by: 146_097)
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}

/// Reads ASCII digits and single characters from the front of a text.
private struct DigitReader {
  private var rest: Substring.UTF8View

  init(_ text: String.UTF8View) { rest = text[...] }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func take(_ characters: Unicode.Scalar...) -> Bool {
    guard let first = rest.first, characters.contains(Unicode.Scalar(first)) else { return false }
    rest.removeFirst()
    return true
  }

  private mutating func digit() -> Int64? {
    guard let first = rest.first, first >= 0x30, first <= 0x39 else { return nil }
    rest.removeFirst()
    return Int64(first - 0x30)
  }

  /// Exactly that many digits.
  mutating func number(_ digits: Int) -> Int64? {
    var value: Int64 = 0
    for _ in 0..<digits {
      guard let digit = digit() else { return nil }
      value = value * 10 + digit
    }
    return value
  }

  /// One digit or more behind the point, as whole milliseconds; what is finer is cut off.
  mutating func fraction() -> Int64? {
    guard var value = digit() else { return nil }
    var scale: Int64 = 100
    value *= scale
    while let digit = digit() {
      scale /= 10
      value += digit * scale
    }
    return value
  }

  /// `Z` or `±HH:MM`, in seconds.
  mutating func offset() -> Int64? {
    if take("Z", "z") { return 0 }
    let isBehind = rest.first == UInt8(ascii: "-")
    guard take("+", "-"), let hours = number(2), take(":"), let minutes = number(2), hours < 24,
      minutes < 60
    else { return nil }
    return (hours * 3_600 + minutes * 60) * (isBehind ? -1 : 1)
  }
}
