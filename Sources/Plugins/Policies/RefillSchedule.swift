import CardeaContracts

/// When a quota is filled up again, in UTC: `daily`, `monthly`, or five fields as cron has them.
///
/// Of cron's fields a quota needs the minute, the hour and perhaps the day of the month: `0 6 * * *` is every day
/// at 06:00, `30 0 15 * *` the 15th of each month at 00:30. Days 1 to 28, which every month has.
public struct RefillSchedule: Sendable, Hashable {
  private let minute: Int
  private let hour: Int
  /// The day of the month; `nil` is every day.
  private let day: Int?

  /// At midnight.
  public static let daily = RefillSchedule(minute: 0, hour: 0, day: nil)
  /// At midnight of the first.
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
