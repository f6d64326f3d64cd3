extension Duration {
  /// Whole nanoseconds from 0 to some 290 years.
  var clampedNanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    if seconds < 0 { return 0 }
    if seconds > 9_000_000_000 { return 9_000_000_000_000_000_000 }
    return UInt64(seconds) * 1_000_000_000 + UInt64(max(0, attoseconds) / 1_000_000_000)
  }

  /// Rounded down.
  var wholeMilliseconds: Int64 { Int64(clampedNanoseconds / 1_000_000) }
}
