import CardeaContracts
import GRDB

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Columns of a node's head; `access_nodes` is `n`.
enum AccessHeadRow {
  private static let columns =
    "n.name, n.position, n.sequence, n.hash, n.base_position, n.base_hash, n.number"

  /// The node's number and head; `nil` for a node without entries.
  static func read(
    _ db: Database, node: String
  ) throws(StoreError) -> (number: Int64, head: AccessHead)? {
    let row = try Query(db, "SELECT \(columns) FROM access_nodes n WHERE n.name = ?", [node])
    return try row.step() ? (row.int(6), head(row)) : nil
  }

  static func all(_ db: Database) throws(StoreError) -> [AccessHead] {
    let rows = try Query(db, "SELECT \(columns) FROM access_nodes n ORDER BY n.name")
    var heads: [AccessHead] = []
    while try rows.step() { heads.append(try head(rows)) }
    return heads
  }

  private static func head(_ row: borrowing Query) throws(StoreError) -> AccessHead {
    AccessHead(
      node: try row.text(0), position: row.int(1), sequence: row.int(2), hash: try row.digest(3),
      basePosition: row.int(4), baseHash: try row.digest(5))
  }
}

/// Columns of an entry of the access log; `access_log` is `a`, `access_nodes` `n`.
enum AccessRow {
  static let columns = """
    n.name, a.position, a.action, a.at, a.reason, a.status, a.count, a.key_id, a.prefix, a.payload,
    a.salt, a.payload_digest, a.hash, a.number, a.path
    """

  /// Whether an entry's number is one that was given, and greater than that of the entry before: column 15 of
  /// ``readAll(_:looksAtNumbers:)``.
  static let isInOrder = """
    a.number <= n.last_number AND a.number > coalesce(
      (SELECT b.number FROM access_log b WHERE b.node = a.node AND b.position = a.position - 1), 0)
    """
  /// Entries of nodes that are not in `access_nodes`. The index on nodes is looked at once per node.
  static let headless = """
    WITH RECURSIVE nodes (number) AS (
      SELECT min(node) FROM access_log
      UNION ALL
      SELECT (SELECT min(node) FROM access_log WHERE node > nodes.number) FROM nodes
      WHERE nodes.number IS NOT NULL)
    SELECT coalesce(sum((SELECT count(*) FROM access_log WHERE node = nodes.number)), 0) FROM nodes
    WHERE number NOT IN (SELECT number FROM access_nodes)
    """

  /// The path that an entry is counted by: its payload's, if it is of a key.
  static func path(_ keyID: UUID?, _ payload: [UInt8]?) -> String? {
    keyID == nil ? nil : payload.flatMap { AccessPayload.path(in: $0) }
  }

  static func readAll(
    _ query: borrowing Query, looksAtNumbers: Bool = false
  ) throws(StoreError) -> [Numbered<AccessEntry>] {
    var entries: [Numbered<AccessEntry>] = []
    while try query.step() {
      let (keyID, payload) = (try query.optionalUUID(7), query.optionalBytes(9))
      let path = try query.optionalText(14).map { Array($0.utf8) }
      let isInOrder = !looksAtNumbers || query.bool(15)
      let entry = AccessEntry(
        node: try query.text(0), position: query.int(1), action: try query.text(2),
        at: query.timestamp(3), reason: try query.optionalText(4), status: Int(query.int(5)),
        count: query.int(6), keyID: keyID, prefix: try query.optionalText(8), payload: payload,
        salt: query.optionalBytes(10), payloadDigest: try query.digest(11),
        hash: try query.digest(12),
        isConsistent: isInOrder && path == AccessRow.path(keyID, payload).map { Array($0.utf8) })
      entries.append(Numbered(number: query.int(13), entry: entry))
    }
    return entries
  }
}

/// Columns of a checkpoint.
enum CheckpointRow {
  static let columns = "number, text, public_key, signature"

  static func readAll(_ query: borrowing Query) throws(StoreError) -> [Checkpoint] {
    var checkpoints: [Checkpoint] = []
    while try query.step() {
      checkpoints.append(
        Checkpoint(
          number: query.int(0), text: query.bytes(1),
          publicKey: query.optionalBytes(2).flatMap { Ed25519.PublicKey($0) },
          signature: query.optionalBytes(3).flatMap { Ed25519.Signature($0) }))
    }
    return checkpoints
  }
}
