/// A key's usage over some days.
public struct KeyUsageReport: Sendable {
  public let key: StoredKey
  public let since: Timestamp
  /// Exclusive: the end of today.
  public let until: Timestamp
  public let counts: UsageCounts
}
