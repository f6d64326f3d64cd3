import CardeaContracts
import GRDB

/// Counts of the access log for one key, read from the index `access_log_by_use` alone.
enum UsageRows {
  /// Word for word the condition of the index, which else is not taken: the names of ``UsageQuery/actions``.
  private static let matching = """
    FROM access_log WHERE key_id = ? AND at >= ? AND at < ?
    AND action IN ('user_logged_in', 'authentication_failed', 'rate_limited')
    """

  /// By day, and by path.
  static let statements = [
    """
    SELECT at / 86400000 - (at % 86400000 < 0) AS day, reason, sum(count) \(matching)
    GROUP BY day, reason ORDER BY day
    """,
    "SELECT path, reason, sum(count) \(matching) GROUP BY path, reason ORDER BY path",
  ]

  static func read(_ db: Database, _ wanted: UsageQuery) throws(StoreError) -> UsageCounts {
    let values: [any Bindable] = [wanted.keyID, wanted.since, wanted.until]
    var counts = UsageCounts(mostPaths: wanted.mostPaths)
    let days = try Query(db, statements[0], values)
    while try days.step() {
      counts.add(
        days.int(2), try days.optionalText(1),
        day: Timestamp(milliseconds: days.int(0) * 86_400_000))
    }
    let paths = try Query(db, statements[1], values)
    while try paths.step() {
      counts.add(paths.int(2), try paths.optionalText(1), path: try paths.optionalText(0))
    }
    counts.finish()
    return counts
  }
}
