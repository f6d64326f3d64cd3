import CardeaContracts
import GRDB

/// What is used of the buckets of limits, in the table `quota_buckets`.
///
/// Threading: the writer's queue, inside a transaction.
final class QuotaBuckets: Sendable {
  /// The bucket that was looked at last in the round that forgets full ones.
  private let place = Locked("")

  /// Settles with each bucket by the clock as it is now, inside the transaction: nobody else draws meanwhile.
  func draw(_ draws: [QuotaDraw], _ db: Database) throws(StoreError) -> QuotaAnswer {
    let now = SystemClock().now()
    var grants: [QuotaGrant] = []
    grants.reserveCapacity(draws.count)
    for draw in draws {
      let (grant, full) = draw.settle(try moment(draw.bucket, db), at: now.nanoseconds)
      grants.append(grant)
      guard let full else { continue }
      try Query(
        db,
        """
        INSERT INTO quota_buckets (bucket, full_at) VALUES (?, ?)
        ON CONFLICT (bucket) DO UPDATE SET full_at = excluded.full_at
        """, [draw.bucket, full]
      ).run()
    }
    try forget(4 + 2 * draws.count, at: now.nanoseconds, db)
    return QuotaAnswer(now: now, grants: grants)
  }

  private func moment(_ bucket: String, _ db: Database) throws(StoreError) -> Int64? {
    let row = try Query(db, "SELECT full_at FROM quota_buckets WHERE bucket = ?", [bucket])
    return try row.step() ? row.int(0) : nil
  }

  /// Looks at so many rows, from where it was the last time, and removes those of full buckets.
  private func forget(_ count: Int, at now: Int64, _ db: Database) throws(StoreError) {
    let after = place.withLock { $0 }
    var full: [String] = []
    var last = after
    var seen = 0
    do {
      let rows = try Query(
        db,
        "SELECT bucket, full_at FROM quota_buckets WHERE bucket > ? ORDER BY bucket LIMIT ?",
        [after, count])
      while try rows.step() {
        last = try rows.text(0)
        seen += 1
        if rows.int(1) <= now { full.append(last) }
      }
    }
    for bucket in full {
      try Query(db, "DELETE FROM quota_buckets WHERE bucket = ?", [bucket]).run()
    }
    // Round again from the beginning.
    let next = seen < count ? "" : last
    place.withLock { $0 = next }
  }
}
