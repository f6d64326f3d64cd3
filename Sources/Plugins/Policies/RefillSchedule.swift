import CardeaKernel

/// When a quota is filled up again, in UTC: `daily`, `monthly`, or five fields as cron has them.
///
/// Of cron's fields a quota needs the minute, the hour and perhaps the day of the month: `0 6 * * *` is every day
/// at 06:00, `30 0 15 * *` the 15th of each month at 00:30. Days 1 to 28, which every month has.
public struct RefillSchedule: Sendable, Hashable {
  private let minute: Int
  private let hour: Int
  /// The day of the month; `nil` is every day.
  private let day: Int?

  public static let daily = RefillSchedule(minute: 0, hour: 0, day: nil)
  public static let monthly = RefillSchedule(minute: 0, hour: 0, day: 1)

  private init(minute: Int, hour: Int, day: Int?) {
    self.minute = minute
    self.hour = hour
    self.day = day
  }

  /// `nil` if the text is anything else.
  public init?(_ text: String) {
    switch text {
    case "daily": self = .daily
    case "monthly": self = .monthly
    default:
      let fields = text.split(separator: " ")
      guard fields.count == 5, fields[3] == "*", fields[4] == "*",
        let minute = DecimalText.parse(fields[0].utf8), minute < 60,
        let hour = DecimalText.parse(fields[1].utf8), hour < 24
      else { return nil }
      var day: Int?
      if fields[2] != "*" {
        guard let number = DecimalText.parse(fields[2].utf8), (1...28).contains(number) else {
          return nil
        }
        day = number
      }
      self.init(minute: minute, hour: hour, day: day)
    }
  }

  /// The period that holds `moment`: when it began and when the next one does.
  func period(at moment: Timestamp) -> (start: Timestamp, end: Timestamp) {
    let time = Int64(hour * 3_600 + minute * 60) * 1_000
    // Days are counted on the shifted clock on which each begins at the time of refill.
    let shifted = moment.milliseconds - time
    let date = shifted.floored(by: RefillSchedule.millisecondsOfDay)
    func timestamp(_ days: Int64) -> Timestamp {
      Timestamp(milliseconds: days * RefillSchedule.millisecondsOfDay + time)
    }
    guard let day else { return (timestamp(date), timestamp(date + 1)) }
    var (year, month, dayOfMonth) = CivilDate.of(days: date)
    if dayOfMonth < day { (year, month) = month == 1 ? (year - 1, 12) : (year, month - 1) }
    dayOfMonth = day
    let next = month == 12 ? (year + 1, 1) : (year, month + 1)
    return (
      timestamp(CivilDate.days(year, month, day)), timestamp(CivilDate.days(next.0, next.1, day))
    )
  }

  private static let millisecondsOfDay: Int64 = 86_400_000
}

/// Days since 1970-01-01 and dates of the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible
/// low-level date algorithms", `days_from_civil` and `civil_from_days`).
enum CivilDate {
  static func days(_ year: Int64, _ month: Int, _ day: Int) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = shifted.floored(by: 400)
    let yearOfEra = shifted - era * 400
    let dayOfYear = Int64((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1)
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  static func of(days: Int64) -> (year: Int64, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = shifted.floored(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let index = (5 * dayOfYear + 2) / 153
    let month = Int(index < 10 ? index + 3 : index - 9)
    let day = Int(dayOfYear - (153 * index + 2) / 5 + 1)
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}

extension Int64 {
  /// Division that rounds towards minus infinity.
  fileprivate func floored(by divisor: Int64) -> Int64 {
    self / divisor - (self % divisor < 0 ? 1 : 0)
  }
}
