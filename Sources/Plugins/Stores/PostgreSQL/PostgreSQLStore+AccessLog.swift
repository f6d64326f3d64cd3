import CardeaContracts

extension PostgreSQLStore: UsageCountingStore {
  public func append(_ batch: AccessBatch) async throws(StoreError) -> AccessHead {
    try await logs.append(batch)
  }

  public func accessHead(node: String) async throws(StoreError) -> AccessHead {
    guard let row = try await list(AccessHeadRow.select(node)).first else { return .empty(node) }
    return try AccessHeadRow.read(row)
  }

  public func accessHeads() async throws(StoreError) -> [AccessHead] {
    try AccessHeadRow.readAll(try await list(AccessHeadRow.all))
  }

  public func accessLog(
    node: String, after position: Int64, limit: Int
  ) async throws(StoreError) -> [AccessEntry] {
    try AccessRow.readAll(
      try await list(
        Statement(
          """
          SELECT \(AccessRow.columns), \(AccessRow.isInOrder) FROM \(AccessRow.tables)
          WHERE n.name = $1 AND a.position > $2 ORDER BY a.position LIMIT $3
          """, [node, position, max(limit, 0)])), looksAtNumbers: true
    ).map(\.entry)
  }

  public func headlessEntries() async throws(StoreError) -> Int64 {
    try await list(AccessRow.headless).first?.int(0) ?? 0
  }

  // MARK: Listings

  public func accessEntries(
    _ filter: LogFilter
  ) async throws(StoreError) -> [Numbered<AccessEntry>] {
    var listing = Listing(
      filter, number: "a.number", action: "a.action", in: "a", payload: "a.payload")
    if let status = filter.status { listing.add("a.status = ?", status) }
    return try AccessRow.readAll(
      try await history(
        Statement(
          """
          SELECT \(AccessRow.columns) FROM \(AccessRow.tables) \(listing.filter)
          \(Listing.end(of: filter, number: "a.number"))
          """, listing.values, isKept: false)))
  }

  public func signalEntries(
    _ filter: LogFilter
  ) async throws(StoreError) -> [Numbered<LogEntry>] {
    var listing = Listing(
      filter, number: "l.position", action: "l.signal", in: "l", payload: "p.payload")
    if let ownerIDs = filter.ownerIDs { listing.add("l.owner_id = ANY (?)", List(ownerIDs)) }
    return try LogRow.readAll(
      try await history(
        Statement(
          """
          SELECT \(LogRow.columns) FROM \(LogRow.tables) \(listing.filter)
          \(Listing.end(of: filter, number: "l.position"))
          """, listing.values, isKept: false))
    ).map { Numbered(number: $0.position, entry: $0) }
  }

  public func usage(_ query: UsageQuery) async throws(StoreError) -> UsageCounts {
    let statements = UsageRows.select(query)
    return try UsageRows.read(
      try await history(statements[0]), try await history(statements[1]), query)
  }

  // MARK: Pruning and checkpoints

  public func prunable(before cutoff: Timestamp) async throws(StoreError) -> PrunePlan {
    var nodes: [PrunePlan.Node] = []
    for head in try await accessHeads() {
      let last = try await list(
        PruneSearch.inAccessLog(
          of: head.node, before: cutoff, from: head.basePosition, to: head.position))
      if let row = last.first {
        nodes.append(
          PrunePlan.Node(
            node: head.node, position: row.int(0), hash: try row.digest(1),
            entries: row.int(0) - head.basePosition))
      }
    }
    let head = try LogHead.read(try await list(Statement(LogHead.select)))
    let signals = try await list(PruneSearch.inSignalLog(before: cutoff, to: head.position))
    guard let row = signals.first else { throw .corrupt("PostgreSQL counts nothing") }
    return PrunePlan(nodes: nodes, signalPosition: row.int(0), signalPayloads: row.int(1))
  }

  public func pruneAccess(
    node: String, through position: Int64, limit: Int
  ) async throws(StoreError) -> Int {
    try await logs.prune(node, through: position, limit: limit)
  }

  public func pruneSignals(
    through position: Int64, limit: Int
  ) async throws(StoreError) -> Int {
    try await logs.pruneSignals(through: position, limit: limit)
  }

  public func checkpoint(
    _ draft: @escaping @Sendable (_ last: Checkpoint?, CheckpointHeads) -> Checkpoint?
  ) async throws(StoreError) -> Checkpoint? {
    try await logs.checkpoint(draft)
  }

  public func checkpoints(
    after number: Int64, limit: Int
  ) async throws(StoreError) -> [Checkpoint] {
    CheckpointRow.readAll(
      try await list(
        Statement(
          """
          SELECT \(CheckpointRow.columns) FROM cardea.checkpoints
          WHERE number > $1 ORDER BY number LIMIT $2
          """, [number, max(limit, 0)])))
  }
}
