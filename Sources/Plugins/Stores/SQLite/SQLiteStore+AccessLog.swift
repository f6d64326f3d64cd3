import CardeaContracts
import GRDB

extension SQLiteStore: UsageCountingStore {
  public func append(_ batch: AccessBatch) async throws(StoreError) -> AccessHead {
    guard case .head(let head) = try await parts().writer.write(.append(batch)) else {
      throw .closed
    }
    return head
  }

  public func accessHead(node: String) throws(StoreError) -> AccessHead {
    try parts().readers.read { db throws(StoreError) in
      try AccessHeadRow.read(db, node: node)?.head ?? .empty(node)
    }
  }

  public func accessHeads() throws(StoreError) -> [AccessHead] {
    try parts().readers.read { db throws(StoreError) in try AccessHeadRow.all(db) }
  }

  public func accessLog(
    node: String, after position: Int64, limit: Int
  ) async throws(StoreError) -> [AccessEntry] {
    try await parts().readers.list { db throws(StoreError) in
      let query = try Query(
        db,
        """
        SELECT \(AccessRow.columns), \(AccessRow.isInOrder)
        FROM access_nodes n JOIN access_log a ON a.node = n.number
        WHERE n.name = ? AND a.position > ? ORDER BY a.position LIMIT ?
        """, [node, position, max(limit, 0)])
      return try AccessRow.readAll(query, looksAtNumbers: true).map(\.entry)
    }
  }

  public func headlessEntries() async throws(StoreError) -> Int64 {
    try await parts().readers.list { db throws(StoreError) in
      let row = try Query(db, AccessRow.headless)
      return try row.step() ? row.int(0) : 0
    }
  }

  // MARK: Listings

  public func accessEntries(
    _ filter: LogFilter
  ) async throws(StoreError) -> [Numbered<AccessEntry>] {
    try await parts().readers.list { db throws(StoreError) in
      var listing = LogListing(filter, number: "a.number", action: "a.action", in: "a")
      if let status = filter.status { listing.add("a.status = ?", status) }
      let query = try Query(
        db,
        """
        SELECT \(AccessRow.columns) FROM access_log a JOIN access_nodes n ON n.number = a.node
        \(listing.tail)
        """, listing.values, isKept: false)
      return try AccessRow.readAll(query)
    }
  }

  public func signalEntries(
    _ filter: LogFilter
  ) async throws(StoreError) -> [Numbered<LogEntry>] {
    try await parts().readers.list { db throws(StoreError) in
      var listing = LogListing(filter, number: "s.position", action: "s.signal", in: "s")
      if let ownerIDs = filter.ownerIDs { listing.add("s.owner_id", among: ownerIDs) }
      let query = try Query(
        db, "SELECT \(LogRow.columns) FROM signal_log s \(listing.tail)", listing.values,
        isKept: false)
      return try LogRow.readAll(query).map { Numbered(number: $0.position, entry: $0) }
    }
  }

  public func usage(_ query: UsageQuery) async throws(StoreError) -> UsageCounts {
    try await parts().readers.list { db throws(StoreError) in try UsageRows.read(db, query) }
  }

  // MARK: Pruning and checkpoints

  public func prunable(before cutoff: Timestamp) async throws(StoreError) -> PrunePlan {
    try await parts().readers.list { db throws(StoreError) in
      var nodes: [PrunePlan.Node] = []
      for head in try AccessHeadRow.all(db) {
        let last = try Query(
          db,
          """
          SELECT a.position, a.hash FROM access_nodes n JOIN access_log a ON a.node = n.number
          WHERE n.name = ?1 AND a.position < coalesce(
            (SELECT min(position) FROM access_log WHERE node = n.number AND at >= ?2),
            9223372036854775807)
          ORDER BY a.position DESC LIMIT 1
          """, [head.node, cutoff])
        if try last.step() {
          nodes.append(
            PrunePlan.Node(
              node: head.node, position: last.int(0), hash: try last.digest(1),
              entries: last.int(0) - head.basePosition))
        }
      }
      let signals = try Query(
        db,
        """
        SELECT coalesce(max(position), 0), count(payload) FROM signal_log WHERE position < coalesce(
          (SELECT min(position) FROM signal_log WHERE at >= ?), 9223372036854775807)
        """, [cutoff])
      guard try signals.step() else { throw .corrupt("SQLite counts nothing") }
      return PrunePlan(
        nodes: nodes, signalPosition: signals.int(0), signalPayloads: signals.int(1))
    }
  }

  public func pruneAccess(
    node: String, through position: Int64, limit: Int
  ) async throws(StoreError) -> Int {
    try await count(.pruneAccess(node: node, through: position, limit: limit))
  }

  public func pruneSignals(
    through position: Int64, limit: Int
  ) async throws(StoreError) -> Int {
    try await count(.pruneSignals(through: position, limit: limit))
  }

  private func count(_ work: Writer.LogWork) async throws(StoreError) -> Int {
    guard case .count(let count) = try await parts().writer.write(work) else { throw .closed }
    return count
  }

  public func checkpoint(
    _ draft: @escaping @Sendable (_ last: Checkpoint?, CheckpointHeads) -> Checkpoint?
  ) async throws(StoreError) -> Checkpoint? {
    guard
      case .checkpoint(let checkpoint) = try await parts().writer.write(.checkpoint(draft))
    else { throw .closed }
    return checkpoint
  }

  public func checkpoints(
    after number: Int64, limit: Int
  ) throws(StoreError) -> [Checkpoint] {
    try parts().readers.read { db throws(StoreError) in
      let query = try Query(
        db,
        "SELECT \(CheckpointRow.columns) FROM checkpoints WHERE number > ? ORDER BY number LIMIT ?",
        [number, max(limit, 0)])
      return try CheckpointRow.readAll(query)
    }
  }
}
