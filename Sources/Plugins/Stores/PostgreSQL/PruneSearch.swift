import CardeaContracts

/// Finds how far a log can be pruned without reading it: by halves, since its entries are in order of position, and
/// nearly in order of time.
///
/// Clocks of nodes differ, so an entry may be older than the one before it. The last ten thousand positions of what is
/// found are looked at one by one: the first that is young enough keeps what comes after it.
enum PruneSearch {
  private static let looked = 10_000

  /// The last position older than `cutoff`, before which everything is older too, with its hash; no row if there is
  /// none past `base`.
  static func inAccessLog(
    of node: String, before cutoff: Timestamp, from base: Int64, to end: Int64
  ) -> Statement {
    Statement(
      """
      \(search(
        "cardea.access_log", "AND node = (SELECT number FROM cardea.access_nodes WHERE name = $4)"))
      SELECT a.position, a.hash FROM found
      JOIN \(AccessRow.tables) ON n.name = $4 AND a.position = found.position
      WHERE found.position > $2
      """, [cutoff, base, end, node])
  }

  /// The same of the signal log, and how many positions up to it may have a payload still; 0 if there is none.
  ///
  /// A partition that filled within a tenth of the cutoff's age is left until all of it is old enough, and then emptied
  /// as a whole: what is written that fast would be deleted that fast too, row by row.
  static func inSignalLog(before cutoff: Timestamp, to end: Int64) -> Statement {
    Statement(
      """
      \(search("cardea.signal_log", "")),
      before AS (
        SELECT position - position % \(Schema.logPartition) AS position FROM found),
      plan AS (
        SELECT CASE WHEN $3 >= before.position + \(Schema.logPartition)
            AND (SELECT at FROM cardea.signal_log WHERE position = before.position + \(Schema.logPartition))
              - (SELECT at FROM cardea.signal_log WHERE position = before.position + 1)
              <= ((extract(epoch FROM clock_timestamp()) * 1000)::bigint - $1) / 10
          THEN before.position ELSE found.position END AS position
        FROM found, before)
      SELECT plan.position, greatest(0, plan.position + 1 - coalesce(
        (SELECT min(position) FROM cardea.signal_payloads), plan.position + 1)) FROM plan
      """, [cutoff, Int64(0), end])
  }

  /// `found`, of one position: by the cutoff `$1`, past `$2` up to `$3`.
  private static func search(_ table: String, _ condition: String) -> String {
    """
    WITH RECURSIVE search (low, high) AS (
      SELECT $2, $3
      UNION ALL
      SELECT CASE WHEN e.at < $1 THEN e.position ELSE low END,
        CASE WHEN e.at < $1 THEN high ELSE (low + high + 1) / 2 - 1 END
      FROM search LEFT JOIN LATERAL (
        SELECT position, at FROM \(table)
        WHERE position >= (low + high + 1) / 2 AND position <= high \(condition)
        ORDER BY position LIMIT 1) e ON true
      WHERE low < high),
    last AS (SELECT low AS position FROM search WHERE low >= high),
    found AS (
      SELECT coalesce(
        (SELECT min(e.position) - 1 FROM \(table) e
         WHERE e.position > last.position - \(looked) AND e.position > $2
           AND e.position <= last.position AND e.at >= $1 \(condition)), last.position) AS position
      FROM last)
    """
  }
}
