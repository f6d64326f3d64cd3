import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Columns of a node's head; `access_nodes` is `n`.
enum AccessHeadRow {
  static let columns =
    "n.name, n.position, n.sequence, n.hash, n.base_position, n.base_hash, n.number"
  static let all = Statement("SELECT \(columns) FROM cardea.access_nodes n ORDER BY n.name")

  static func select(_ node: String) -> Statement {
    Statement("SELECT \(columns) FROM cardea.access_nodes n WHERE n.name = $1", [node])
  }

  static func read(_ row: Row) throws(StoreError) -> AccessHead {
    AccessHead(
      node: try row.text(0), position: row.int(1), sequence: row.int(2), hash: try row.digest(3),
      basePosition: row.int(4), baseHash: try row.digest(5))
  }

  static func readAll(_ rows: Rows) throws(StoreError) -> [AccessHead] {
    var heads: [AccessHead] = []
    for row in rows { heads.append(try read(row)) }
    return heads
  }
}

/// Columns of an entry of the access log; `access_log` is `a`, `access_nodes` `n`.
enum AccessRow {
  static let columns = """
    n.name, a.position, a.action, a.at, a.reason, a.status, a.count, a.key_id, a.prefix, a.payload,
    a.salt, a.payload_digest, a.hash, a.number, a.path
    """
  static let tables = "cardea.access_log a JOIN cardea.access_nodes n ON n.number = a.node"

  /// Whether an entry's number is one that was given, and greater than that of the entry before: column 15 of
  /// ``readAll(_:looksAtNumbers:)``.
  static let isInOrder = """
    a.number <= (SELECT number FROM cardea.access_log_head) AND a.number > coalesce(
      (SELECT b.number FROM cardea.access_log b
       WHERE b.node = a.node AND b.position = a.position - 1), 0)
    """
  /// Entries of nodes that are not in `access_nodes`. The index on nodes is looked at once per node.
  static let headless = Statement(
    """
    WITH RECURSIVE nodes (number) AS (
      SELECT min(node) FROM cardea.access_log
      UNION ALL
      SELECT (SELECT min(node) FROM cardea.access_log WHERE node > nodes.number) FROM nodes
      WHERE nodes.number IS NOT NULL)
    SELECT coalesce(
      sum((SELECT count(*) FROM cardea.access_log WHERE node = nodes.number)), 0)::bigint FROM nodes
    WHERE number NOT IN (SELECT number FROM cardea.access_nodes)
    """)

  /// The path that an entry is counted by: its payload's, if it is of a key. As bytes, since it may hold a NUL.
  static func path(_ keyID: UUID?, _ payload: [UInt8]?) -> [UInt8]? {
    keyID == nil ? nil : payload.flatMap { AccessPayload.path(in: $0) }.map { Array($0.utf8) }
  }

  static func readAll(
    _ rows: Rows, looksAtNumbers: Bool = false
  ) throws(StoreError) -> [Numbered<AccessEntry>] {
    var entries: [Numbered<AccessEntry>] = []
    for row in rows {
      let (keyID, payload) = (try row.optionalUUID(7), row.optionalBytes(9))
      let isInOrder = !looksAtNumbers || row.bool(15)
      let entry = AccessEntry(
        node: try row.text(0), position: row.int(1), action: try row.text(2), at: row.timestamp(3),
        reason: try row.optionalText(4), status: Int(row.int(5)), count: row.int(6), keyID: keyID,
        prefix: try row.optionalText(8), payload: payload, salt: row.optionalBytes(10),
        payloadDigest: try row.digest(11), hash: try row.digest(12),
        isConsistent: isInOrder && row.optionalBytes(14) == path(keyID, payload))
      entries.append(Numbered(number: row.int(13), entry: entry))
    }
    return entries
  }
}

/// Columns of a checkpoint.
enum CheckpointRow {
  static let columns = "number, text, public_key, signature"

  static func readAll(_ rows: Rows) -> [Checkpoint] {
    rows.map { row in
      Checkpoint(
        number: row.int(0), text: row.bytes(1),
        publicKey: row.optionalBytes(2).flatMap { Ed25519.PublicKey($0) },
        signature: row.optionalBytes(3).flatMap { Ed25519.Signature($0) })
    }
  }
}
