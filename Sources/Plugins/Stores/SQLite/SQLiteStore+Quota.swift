import CardeaContracts

/// Limits are counted in the file for all processes that have it open. What was drawn last may be lost on power loss.
extension SQLiteStore: QuotaStore {
  public func draw(_ draws: [QuotaDraw]) async throws(StoreError) -> QuotaAnswer {
    try await parts().writer.draw(draws)
  }

  /// How many buckets have a row, for tests.
  package func bucketCount() throws(StoreError) -> Int {
    try parts().readers.read { db throws(StoreError) in
      let rows = try Query(db, "SELECT count(*) FROM quota_buckets")
      return try rows.step() ? Int(rows.int(0)) : 0
    }
  }
}
