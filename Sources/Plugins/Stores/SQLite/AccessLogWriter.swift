import CardeaContracts
import GRDB

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Writes to the access log, to what the signal log may lose, and checkpoints. The caller has begun the
/// transaction and a savepoint, and takes back what was written if this throws.
///
/// Threading: inside one access to the writer's queue.
struct AccessLogWriter {
  let db: Database

  func write(_ work: Writer.LogWork) throws(StoreError) -> Writer.LogResult {
    switch work {
    case .append(let batch): .head(try append(batch))
    case .pruneAccess(let node, let position, let limit):
      .count(try prune(node, through: position, limit: limit))
    case .pruneSignals(let position, let limit):
      .count(try pruneSignals(through: position, limit: limit))
    case .checkpoint(let draft): .checkpoint(try checkpoint(draft))
    }
  }

  /// Takes payload and salt out of every entry of that key.
  func erase(_ keyID: UUID) throws(StoreError) {
    try Query(
      db,
      """
      UPDATE access_log SET payload = NULL, salt = NULL, path = NULL
      WHERE key_id = ? AND payload IS NOT NULL
      """, [keyID]
    ).run()
  }

  private func append(_ batch: AccessBatch) throws(StoreError) -> AccessHead {
    let known = try AccessHeadRow.read(db, node: batch.node)
    let (node, head) = if let known { known } else { try insert(batch.node) }
    guard head.sequence == batch.after else { throw .conflict }
    let (entries, end) = batch.entries(after: head)
    let purged = try purgedKeys(among: entries)
    var number = try lastNumber()
    guard number <= .max - Int64(entries.count) else {
      throw .corrupt("entry number \(number) leaves none after it; see cardea audit verify")
    }
    let row = try Query(
      db,
      """
      INSERT INTO access_log (number, node, position, at, action, reason, status, count, key_id, prefix,
        payload, salt, payload_digest, hash, path)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """)
    for entry in entries {
      number += 1
      let isErased = entry.keyID.map(purged.contains) ?? false
      let path = isErased ? nil : AccessRow.path(entry.keyID, entry.payload)
      try row.run(
        with: [
          number, node, entry.position, entry.at, entry.action, entry.reason, entry.status,
          entry.count, entry.keyID, entry.prefix, isErased ? nil : entry.payload,
          isErased ? nil : entry.salt, entry.payloadDigest.bytes, entry.hash.bytes, path,
        ])
    }
    try Query(
      db,
      """
      UPDATE access_nodes SET position = ?, sequence = ?, hash = ?, last_number = ? WHERE number = ?
      """, [end.position, end.sequence, end.hash.bytes, number, node]
    ).run()
    return end
  }

  /// An entry that somebody else gave a higher number must not stand in the way of all that follow.
  private func lastNumber() throws(StoreError) -> Int64 {
    let row = try Query(
      db,
      """
      SELECT max(coalesce((SELECT max(last_number) FROM access_nodes), 0),
        coalesce((SELECT max(number) FROM access_log), 0))
      """)
    return try row.step() ? row.int(0) : 0
  }

  private func insert(_ node: String) throws(StoreError) -> (number: Int64, head: AccessHead) {
    let head = AccessHead.empty(node)
    try Query(
      db,
      """
      INSERT INTO access_nodes (name, position, sequence, hash, base_position, base_hash, last_number)
      VALUES (?, 0, 0, ?, 0, ?, 0)
      """, [node, head.hash.bytes, head.baseHash.bytes]
    ).run()
    return (db.lastInsertedRowID, head)
  }

  private func purgedKeys(among entries: [AccessEntry]) throws(StoreError) -> Set<UUID> {
    var purged: Set<UUID> = []
    for keyID in Set(entries.compactMap(\.keyID)) {
      let found = try Query(
        db, "SELECT 1 FROM keys WHERE id = ? AND status = 'purged'", [keyID])
      if try found.step() { purged.insert(keyID) }
    }
    return purged
  }

  // MARK: Pruning

  private func prune(
    _ name: String, through position: Int64, limit: Int
  ) throws(StoreError) -> Int {
    guard let (node, head) = try AccessHeadRow.read(db, node: name) else { return 0 }
    let last = min(position, head.position, head.basePosition + Int64(max(limit, 0)))
    guard last > head.basePosition else { return 0 }
    let base: Digest256
    do {
      let row = try Query(
        db, "SELECT hash FROM access_log WHERE node = ? AND position = ?", [node, last])
      guard try row.step() else {
        throw StoreError.corrupt(
          "entry \(last) of node \(name) is missing; see cardea audit verify")
      }
      base = try row.digest(0)
    }
    let count = try Query(
      db, "DELETE FROM access_log WHERE node = ? AND position <= ?", [node, last]
    ).run()
    try Query(
      db, "UPDATE access_nodes SET base_position = ?, base_hash = ? WHERE number = ?",
      [last, base.bytes, node]
    ).run()
    return Int(count)
  }

  private func pruneSignals(through position: Int64, limit: Int) throws(StoreError) -> Int {
    let count = try Query(
      db,
      """
      UPDATE signal_log SET payload = NULL, salt = NULL WHERE position IN (
        SELECT position FROM signal_log WHERE position <= ? AND payload IS NOT NULL
        ORDER BY position LIMIT ?)
      """, [position, limit]
    ).run()
    return Int(count)
  }

  private func checkpoint(
    _ draft: (Checkpoint?, CheckpointHeads) -> Checkpoint?
  ) throws(StoreError) -> Checkpoint? {
    let heads = CheckpointHeads(signals: try LogHead.read(db), nodes: try AccessHeadRow.all(db))
    let last: Checkpoint?
    do {
      let query = try Query(
        db, "SELECT \(CheckpointRow.columns) FROM checkpoints ORDER BY number DESC LIMIT 1")
      last = try CheckpointRow.readAll(query).first
    }
    guard let checkpoint = draft(last, heads) else { return nil }
    try Query(
      db, "INSERT INTO checkpoints (number, text, public_key, signature) VALUES (?, ?, ?, ?)",
      [
        checkpoint.number, checkpoint.text, checkpoint.publicKey?.bytes,
        checkpoint.signature?.bytes,
      ]
    ).run()
    return checkpoint
  }
}
