import CardeaContracts

extension PostgreSQLStore: QuotaStore {
  /// In one transaction on a connection of its own, by the server's clock. Buckets are locked in the order of their
  /// names, so that two nodes never wait for each other.
  public func draw(_ draws: [QuotaDraw]) async throws(StoreError) -> QuotaAnswer {
    let names = List(draws.map(\.bucket))
    // A bucket that is not known yet is made, full, so that there is a row to lock.
    let locks = [
      Statement(
        """
        INSERT INTO cardea.quota_buckets (bucket, full_at)
        SELECT name, 0 FROM unnest($1) AS wanted (name) ORDER BY name ON CONFLICT DO NOTHING
        """, [names]),
      Statement(
        """
        SELECT bucket, full_at FROM cardea.quota_buckets WHERE bucket = ANY ($1)
        ORDER BY bucket FOR UPDATE
        """, [names]),
      // After the locks: nobody who comes later is given an earlier time.
      Statement("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"),
    ]
    let sweep =
      Statement(
        """
        DELETE FROM cardea.quota_buckets WHERE ctid = ANY (ARRAY (
          SELECT ctid FROM cardea.quota_buckets
          WHERE full_at < (extract(epoch FROM clock_timestamp()) * 1000000000)::bigint - 1000000000
            AND bucket <> ALL ($1) ORDER BY full_at LIMIT $2 FOR UPDATE SKIP LOCKED))
        """, [names, 4 + 2 * draws.count])
    // A crash may give back what was drawn in its last moments, for which nobody waits for the disk.
    let hurry = Statement("SELECT set_config('synchronous_commit', 'off', true)")
    let wanted = Set(draws.map(\.bucket)).count
    return try await quotas.run(locks + [sweep, hurry]) {
      (transaction, found) async throws(StoreError) in
      var found = found
      // Another's sweep may take a full bucket between the making and the locking.
      while found[1].count < wanted { found = try await transaction.run(locks) }
      var moments: [String: Int64] = [:]
      for row in found[1] { moments[try row.text(0)] = row.int(1) }
      let now = Timestamp(milliseconds: found[2].first?.int(0) ?? 0)
      var changed: [(bucket: String, full: Int64)] = []
      let grants = draws.map { draw in
        let moment = moments[draw.bucket].flatMap { $0 == 0 ? nil : $0 }
        let (grant, full) = draw.settle(moment, at: now.nanoseconds)
        if let full { changed.append((draw.bucket, full)) }
        return grant
      }
      let update = Statement(
        """
        UPDATE cardea.quota_buckets b SET full_at = new.full_at
        FROM unnest($1, $2) AS new (bucket, full_at) WHERE b.bucket = new.bucket
        """, [List(changed.map(\.bucket)), List(changed.map(\.full))])
      return (QuotaAnswer(now: now, grants: grants), changed.isEmpty ? [] : [update])
    }
  }
}
