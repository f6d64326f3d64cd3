/// How often a key was presented and what came of it, by day and by path.
public struct UsageCounts: Sendable, Equatable {
  /// Counts by verdict: ``allowed``, the wire code of a ``Denial/Reason``, or ``other``.
  public typealias Verdicts = [String: Int64]

  /// The verdict that let the request in.
  public static let allowed = "allowed"
  /// A reason of another system, in rows that were imported.
  public static let other = "other"

  /// A day of UTC.
  public struct Day: Sendable, Equatable {
    /// Its first moment.
    public let start: Timestamp
    public internal(set) var verdicts: Verdicts
  }

  /// A path of requests.
  public struct Path: Sendable, Equatable {
    /// `nil`: none is known.
    public let path: String?
    public internal(set) var verdicts: Verdicts
    var total: Int64 { verdicts.values.reduce(0, UsageCounts.sum) }
  }

  /// Days with a count, in order.
  public private(set) var days: [Day] = []
  /// Those with the highest counts, highest first.
  public private(set) var paths: [Path] = []
  /// Of all other paths together.
  public private(set) var otherPaths: Verdicts = [:]
  private let mostPaths: Int
  /// The path whose counts are coming in.
  private var current: Path?

  public init(mostPaths: Int) { self.mostPaths = max(0, mostPaths) }

  /// Of all days together.
  public var verdicts: Verdicts {
    days.reduce(into: [:]) { $0.merge($1.verdicts, uniquingKeysWith: UsageCounts.sum) }
  }

  /// Counts for a day, given by its first moment. The store gives days in order. The reason is that of the entries,
  /// `nil` if they tell of what was allowed.
  public mutating func add(_ count: Int64, _ reason: String?, day start: Timestamp) {
    if days.last?.start != start { days.append(Day(start: start, verdicts: [:])) }
    days[days.count - 1].verdicts.add(count, reason)
  }

  /// Counts for a path. The store gives what belongs to one path in succession, and calls ``finish()`` at the end.
  public mutating func add(_ count: Int64, _ reason: String?, path: String?) {
    if let current, !UsageCounts.isSame(current.path, path) { finish() }
    if current == nil { current = Path(path: path, verdicts: [:]) }
    current?.verdicts.add(count, reason)
  }

  /// No more paths come, or another does.
  public mutating func finish() {
    guard let path = current else { return }
    current = nil
    let total = path.total
    let place = paths.firstIndex { $0.total < total } ?? paths.count
    paths.insert(path, at: place)
    guard paths.count > mostPaths, let last = paths.popLast() else { return }
    otherPaths.merge(last.verdicts, uniquingKeysWith: UsageCounts.sum)
  }

  /// As bytes, since two texts that only look alike are two paths.
  private static func isSame(_ left: String?, _ right: String?) -> Bool {
    guard let left, let right else { return left == nil && right == nil }
    return left.utf8.elementsEqual(right.utf8)
  }

  fileprivate static func sum(_ left: Int64, _ right: Int64) -> Int64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }
}

extension UsageCounts.Verdicts {
  fileprivate mutating func add(_ count: Int64, _ reason: String?) {
    let verdict =
      reason.map { Denial.Reason(rawValue: $0)?.rawValue ?? UsageCounts.other }
      ?? UsageCounts.allowed
    self[verdict] = UsageCounts.sum(self[verdict] ?? 0, count)
  }
}
