extension Duration {
  /// Whole nanoseconds, 0 for a negative duration, held within `UInt64`.
  package var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (scaled, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, overflow2) = scaled.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000))
    return overflow || overflow2 ? .max : sum
  }

  /// Whole milliseconds, rounded towards zero, held within `Int64`.
  package var milliseconds: Int64 {
    let (seconds, attoseconds) = components
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
    let (sum, overflow2) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
    if overflow || overflow2 { return seconds < 0 ? .min : .max }
    return sum
  }

  /// Days of 24 hours.
  package static func days(_ count: Int) -> Duration { .seconds(count * 86_400) }
}
