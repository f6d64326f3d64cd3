/// A key's usage over some days.
public struct KeyUsageReport: Sendable {
  /// The key, as it is now.
  public let key: StoredKey
  /// Inclusive: the first moment of the first day.
  public let since: Timestamp
  /// Exclusive: the end of today.
  public let until: Timestamp
  /// What the store counted.
  public let counts: UsageCounts

  package init(key: StoredKey, since: Timestamp, until: Timestamp, counts: UsageCounts) {
    self.key = key
    self.since = since
    self.until = until
    self.counts = counts
  }
}
