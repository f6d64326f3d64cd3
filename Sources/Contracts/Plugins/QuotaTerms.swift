/// How much a bucket holds and how fast it fills. Two draws of one bucket may have different ones, such as after an
/// edit of a quota's count. A rate that was edited, and each period of a quota, are other buckets.
public struct QuotaTerms: Sendable, Equatable {
  /// What one unit takes of ``capacity``, in nanoseconds; where there is no ``period``, also how long it takes to
  /// come back. At least 1.
  public let interval: Int64
  /// What the bucket holds, in nanoseconds: from ``interval`` to a little more than a year.
  public let capacity: Int64
  /// Within it nothing comes back; with the next one the bucket is full. `nil`: it fills all the time. It is longer
  /// than ``capacity``, and ends before the year 2255.
  public let period: Range<Timestamp>?

  /// Values outside their range are held to it.
  public init(interval: Int64, capacity: Int64, period: Range<Timestamp>? = nil) {
    self.interval = min(max(interval, 1), QuotaTerms.most)
    self.capacity = min(max(capacity, self.interval), QuotaTerms.most)
    self.period = period
  }

  /// 400 days.
  private static let most: Int64 = 400 * 86_400 * 1_000_000_000

  /// Units that a full bucket holds.
  public var units: Int64 { capacity / interval }
}
