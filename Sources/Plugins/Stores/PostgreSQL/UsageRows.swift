import CardeaContracts

/// Counts of the access log for one key, by day and by path.
enum UsageRows {
  /// Word for word the condition of the index, which else is not taken: the names of ``UsageQuery/actions``.
  private static let matching = """
    FROM cardea.access_log WHERE key_id = $1 AND at >= $2 AND at < $3
    AND action IN ('user_logged_in', 'authentication_failed', 'rate_limited')
    """
  private static let sum = "least(sum(count), 9223372036854775807)::bigint"

  static func select(_ wanted: UsageQuery) -> [Statement] {
    let values: [any Bindable] = [wanted.keyID, wanted.since, wanted.until]
    return [
      Statement(
        """
        SELECT at / 86400000 - (at % 86400000 < 0)::int AS day, reason, \(sum) \(matching)
        GROUP BY day, reason ORDER BY day
        """, values),
      Statement(
        "SELECT path, reason, \(sum) \(matching) GROUP BY path, reason ORDER BY path", values),
    ]
  }

  static func read(
    _ days: Rows, _ paths: Rows, _ wanted: UsageQuery
  ) throws(StoreError) -> UsageCounts {
    var counts = UsageCounts(mostPaths: wanted.mostPaths)
    for row in days {
      counts.add(
        row.int(2), try row.optionalText(1),
        day: Timestamp(milliseconds: row.int(0) * 86_400_000))
    }
    for row in paths {
      counts.add(row.int(2), try row.optionalText(1), path: try row.optionalText(0))
    }
    counts.finish()
    return counts
  }
}
