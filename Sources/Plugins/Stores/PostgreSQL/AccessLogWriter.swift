import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Writes what is no change: the access log, what the logs may lose, checkpoints, usage. On a connection of its own, so
/// that a revocation never waits for a batch of it.
///
/// Entries of all nodes share one row of numbers, taken first, so that they become visible in their order.
///
/// Threading: from any task; one transaction at a time.
final class AccessLogWriter: Sendable {
  static let takeHead = "SELECT number FROM cardea.access_log_head FOR NO KEY UPDATE"
  /// Usage that one transaction takes: some milliseconds, for which a change of the same keys may have to wait.
  private static let largestUsage = 500
  /// Entries that one transaction erases, for which drains of all nodes have to wait.
  private static let largestErasure = 1_000

  private let transactions: Transactions

  init(_ link: Link, within limit: Duration) {
    transactions = Transactions(link, within: limit)
  }

  func append(_ batch: AccessBatch) async throws(StoreError) -> AccessHead {
    let first = [
      Statement(AccessLogWriter.takeHead), AccessHeadRow.select(batch.node),
      Statement(
        """
        SELECT k.id FROM cardea.key_ids i JOIN cardea.keys k ON k.prefix = i.prefix
        WHERE i.id = ANY ($1) AND k.status = 'purged'
        """, [List(batch.keyIDs)]),
      Statement("SELECT coalesce(max(number), 0) FROM cardea.access_log"),
    ]
    return try await transactions.run(first) { (transaction, found) async throws(StoreError) in
      // An entry that somebody else gave a higher number must not stand in the way of all that follow.
      let number = max(found[0].first?.int(0) ?? 0, found[3].first?.int(0) ?? 0)
      let node: Int64
      let head: AccessHead
      if let row = found[1].first {
        (node, head) = (row.int(6), try AccessHeadRow.read(row))
      } else {
        head = .empty(batch.node)
        node = try await AccessLogWriter.insert(head, transaction)
      }
      guard head.sequence == batch.after else { throw .conflict }
      var purged: Set<UUID> = []
      for row in found[2] { purged.insert(try row.uuid(0)) }
      let (entries, end) = batch.entries(after: head)
      guard number <= .max - Int64(entries.count) else {
        throw .corrupt("entry number \(number) leaves none after it; see cardea audit verify")
      }
      return (end, AccessLogWriter.statements(entries, end, purged, node, after: number))
    }
  }

  private static func statements(
    _ entries: [AccessEntry], _ end: AccessHead, _ purged: Set<UUID>, _ node: Int64,
    after number: Int64
  ) -> [Statement] {
    let kept = entries.map { entry -> (payload: [UInt8]?, salt: [UInt8]?) in
      entry.keyID.map(purged.contains) ?? false ? (nil, nil) : (entry.payload, entry.salt)
    }
    return [
      Statement(
        """
        INSERT INTO cardea.access_log (number, node, position, at, action, reason, status, count,
          key_id, prefix, payload, salt, payload_digest, hash, path)
        SELECT e.number, $1, e.position, e.at, e.action, e.reason, e.status, e.count, e.key_id,
          e.prefix, e.payload, e.salt, e.payload_digest, e.hash, e.path
        FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) AS e
          (number, position, at, action, reason, status, count, key_id, prefix, payload, salt,
            payload_digest, hash, path)
        """,
        [
          node, List(entries.indices.map { number + 1 + Int64($0) }), List(entries.map(\.position)),
          List(entries.map(\.at)), List(entries.map(\.action)), List(entries.map(\.reason)),
          List(entries.map(\.status)), List(entries.map(\.count)), List(entries.map(\.keyID)),
          List(entries.map(\.prefix)), List(kept.map(\.payload)), List(kept.map(\.salt)),
          List(entries.map(\.payloadDigest.bytes)), List(entries.map(\.hash.bytes)),
          List(zip(entries, kept).map { AccessRow.path($0.keyID, $1.payload) }),
        ]),
      Statement(
        "UPDATE cardea.access_nodes SET position = $1, sequence = $2, hash = $3 WHERE number = $4",
        [end.position, end.sequence, end.hash.bytes, node]),
      Statement(
        "UPDATE cardea.access_log_head SET number = $1", [number + Int64(entries.count)]),
    ]
  }

  private static func insert(
    _ head: AccessHead, _ transaction: Transaction
  ) async throws(StoreError) -> Int64 {
    let rows = try await transaction.run(
      """
      INSERT INTO cardea.access_nodes (name, position, sequence, hash, base_position, base_hash)
      VALUES ($1, 0, 0, $2, 0, $3) RETURNING number
      """, [head.node, head.hash.bytes, head.baseHash.bytes])
    guard let row = rows.first else { throw .corrupt("PostgreSQL gives no number to a node") }
    return row.int(0)
  }

  // MARK: Erasing

  /// Takes the payloads out of a key's entries before the key is purged, so that its purge, for which all changes wait,
  /// has but the last of them left to do: batch after batch, as long as a whole one is there and the key is as it was
  /// when the purge was made up.
  /// - Returns: the number of the last entry without a payload, 0 if there is none.
  func erase(_ keyID: UUID, _ prefix: String, revision: Int64) async throws(StoreError) -> Int64 {
    var number: Int64 = 0
    while true {
      let first = [
        Statement(AccessLogWriter.takeHead),
        Statement(
          """
          WITH part AS (
            SELECT number FROM cardea.access_log WHERE key_id = $1 AND number > $2
              AND EXISTS (SELECT 1 FROM cardea.keys WHERE prefix = $3 AND id = $1 AND revision = $4)
            ORDER BY number LIMIT $5),
          whole AS (SELECT max(number) AS last FROM part HAVING count(*) = $5),
          erased AS (
            UPDATE cardea.access_log a SET payload = NULL, salt = NULL, path = NULL
            FROM part, whole WHERE a.number = part.number AND a.payload IS NOT NULL)
          SELECT last FROM whole
          """, [keyID, number, prefix, revision, AccessLogWriter.largestErasure]),
      ]
      let last = try await transactions.run(first) { (_, found) async throws(StoreError) in
        (found[1].first?.int(0), [])
      }
      guard let last else { return number }
      number = last
    }
  }

  // MARK: Pruning

  func prune(
    _ name: String, through position: Int64, limit: Int
  ) async throws(StoreError) -> Int {
    let first = [Statement(AccessLogWriter.takeHead), AccessHeadRow.select(name)]
    return try await transactions.run(first) { (transaction, found) async throws(StoreError) in
      guard let row = found[1].first else { return (0, []) }
      let (node, head) = (row.int(6), try AccessHeadRow.read(row))
      let last = min(position, head.position, head.basePosition + Int64(max(limit, 0)))
      guard last > head.basePosition else { return (0, []) }
      let base = try await transaction.run(
        "SELECT hash FROM cardea.access_log WHERE node = $1 AND position = $2", [node, last])
      guard let base = try base.first?.digest(0) else {
        throw .corrupt("entry \(last) of node \(name) is missing; see cardea audit verify")
      }
      let deleted = try await transaction.run(
        "DELETE FROM cardea.access_log WHERE node = $1 AND position <= $2", [node, last])
      let moved = Statement(
        "UPDATE cardea.access_nodes SET base_position = $1, base_hash = $2 WHERE number = $3",
        [last, base.bytes, node])
      return (deleted.changed, [moved])
    }
  }

  /// A whole partition at once where all of it is old enough, which costs the same however much it holds: its positions
  /// are counted, those without a payload among them. One node at a time: two that have read a partition would wait for
  /// each other before they empty it.
  func pruneSignals(through position: Int64, limit: Int) async throws(StoreError) -> Int {
    let first = [
      Statement("SELECT pg_advisory_xact_lock(\(Schema.pruneLock))"),
      Statement("SELECT min(position) FROM cardea.signal_payloads"),
    ]
    return try await transactions.run(first) { (transaction, found) async throws(StoreError) in
      guard let row = found[1].first, !row.isNull(0) else { return (0, []) }
      let number = (row.int(0) - 1) / Schema.logPartition
      if position >= (number + 1) * Schema.logPartition, limit > 0 {
        let table = "cardea.signal_payloads_\(number)"
        let rows = try await transaction.run(
          "SELECT max(position) - min(position) + 1 FROM \(table)", isKept: false)
        // It has to wait for whoever reads the partition, such as a dump, and everybody who wants it waits behind it: not
        // for long, then. What does not go now goes the next time.
        return (
          Int(rows.first?.int(0) ?? 0),
          [
            Statement("SET LOCAL lock_timeout = '200ms'", isKept: false),
            Statement("TRUNCATE \(table)", isKept: false),
          ]
        )
      }
      let deleted = try await transaction.run(
        """
        DELETE FROM cardea.signal_payloads WHERE position IN (
          SELECT position FROM cardea.signal_payloads WHERE position <= $1 ORDER BY position LIMIT $2)
        """, [position, max(limit, 0)])
      return (deleted.changed, [])
    }
  }

  func checkpoint(
    _ draft: @escaping @Sendable (Checkpoint?, CheckpointHeads) -> Checkpoint?
  ) async throws(StoreError) -> Checkpoint? {
    let first = [
      Statement(AccessLogWriter.takeHead), Statement(LogHead.select + " FOR UPDATE"),
      AccessHeadRow.all,
      Statement(
        "SELECT \(CheckpointRow.columns) FROM cardea.checkpoints ORDER BY number DESC LIMIT 1"),
    ]
    return try await transactions.run(first) { (_, found) async throws(StoreError) in
      let heads = CheckpointHeads(
        signals: try LogHead.read(found[1]), nodes: try AccessHeadRow.readAll(found[2]))
      guard let checkpoint = draft(CheckpointRow.readAll(found[3]).first, heads) else {
        return (nil, [])
      }
      let kept = Statement(
        """
        INSERT INTO cardea.checkpoints (number, text, public_key, signature) VALUES ($1, $2, $3, $4)
        """,
        [
          checkpoint.number, checkpoint.text, checkpoint.publicKey?.bytes,
          checkpoint.signature?.bytes,
        ])
      return (checkpoint, [kept])
    }
  }

  // MARK: Usage

  /// Raises the dates of last use; what is unknown or purged meanwhile is passed over.
  func record(_ usage: [KeyUsage]) async throws(StoreError) {
    var rest = usage[...]
    while !rest.isEmpty {
      let part = Array(rest.prefix(AccessLogWriter.largestUsage))
      rest = rest.dropFirst(part.count)
      try await write(part)
    }
  }

  private func write(_ usage: [KeyUsage]) async throws(StoreError) {
    let prefixes = List(usage.map(\.prefix))
    let first = [
      LockOrder.keys(List(Set(prefixes.elements))),
      Statement(
        """
        WITH used AS (
          SELECT prefix, id, max(at) AS at FROM unnest($1, $2, $3) AS u (prefix, id, at)
          GROUP BY prefix, id),
        raised AS (
          UPDATE cardea.secrets s SET last_used_at = greatest(s.last_used_at, used.at) FROM used
          WHERE s.prefix = used.prefix AND s.id = used.id RETURNING s.prefix, used.at)
        UPDATE cardea.keys k SET last_used_at = greatest(k.last_used_at, latest.at)
        FROM (SELECT prefix, max(at) AS at FROM raised GROUP BY prefix) latest
        WHERE k.prefix = latest.prefix
        """, [prefixes, List(usage.map(\.secretID)), List(usage.map(\.lastUsedAt))]),
    ]
    try await transactions.run(first) { (transaction, _) async throws(StoreError) in
      for use in usage where !use.addresses.isEmpty {
        try await AccessLogWriter.add(use, transaction)
      }
      return ((), [])
    }
  }

  private static func add(_ use: KeyUsage, _ transaction: Transaction) async throws(StoreError) {
    let rows = try await transaction.run(
      "SELECT addresses FROM cardea.secrets WHERE prefix = $1 AND id = $2",
      [use.prefix, use.secretID])
    guard let row = rows.first else { return }
    // What is kept goes first: the bound drops what is new.
    var all = AddressSet(bytes: row.optionalBytes(0) ?? [])
    all.formUnion(use.addresses)
    try await transaction.run(
      "UPDATE cardea.secrets SET addresses = $1 WHERE prefix = $2 AND id = $3",
      [all.bytes, use.prefix, use.secretID])
  }
}
