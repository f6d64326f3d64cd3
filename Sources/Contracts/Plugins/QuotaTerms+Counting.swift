/// What can be told of a bucket of which so many nanoseconds are used.
extension QuotaTerms {
  /// What a request takes: one that costs more than the bucket holds takes all of it.
  private func price(_ cost: Int64) -> Int64 { min(max(cost, 0), units) * interval }

  /// Takes `cost` units if they are there; whether they were.
  package func take(_ cost: Int64, from used: inout Int64) -> Bool {
    guard used + price(cost) <= capacity else { return false }
    used += price(cost)
    return true
  }

  /// Gives back what ``take(_:from:)`` took.
  package func giveBack(_ cost: Int64, to used: inout Int64) { used -= price(cost) }

  /// Whole units that could be taken.
  package func remaining(_ used: Int64) -> Int64 { max(0, (capacity - max(0, used)) / interval) }

  /// Nanoseconds until `cost` units could be taken; 0 if they could be now.
  package func wait(for cost: Int64, _ used: Int64, at now: Timestamp) -> Int64 {
    let missing = used + price(cost) - capacity
    return missing <= 0 ? 0 : untilPeriodEnds(at: now) ?? missing
  }

  /// Nanoseconds until one more unit is there than now; 0 where there is nothing to wait for.
  package func untilNext(_ used: Int64, at now: Timestamp) -> Int64 {
    if let end = untilPeriodEnds(at: now) { return end }
    let left = remaining(used)
    return left >= units ? 0 : (left + 1) * interval - (capacity - max(0, used))
  }

  private func untilPeriodEnds(at now: Timestamp) -> Int64? {
    period.map { max(1_000_000, $0.upperBound.nanoseconds - now.nanoseconds) }
  }

  /// When a bucket would be full again of which nothing is used, in nanoseconds since 1970.
  package func base(at now: Timestamp) -> Int64 { (period?.upperBound ?? now).nanoseconds }
}
