import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Columns of an entry of the signal log; `signal_log` is `l`, `signal_payloads` `p`.
enum LogRow {
  static let columns =
    "l.position, l.at, l.signal, l.key_id, l.prefix, l.owner_id, p.payload, p.salt, l.payload_digest, l.hash"
  static let tables =
    "cardea.signal_log l LEFT JOIN cardea.signal_payloads p ON p.position = l.position"

  static func readAll(_ rows: Rows) throws(StoreError) -> [LogEntry] {
    var entries: [LogEntry] = []
    for row in rows {
      entries.append(
        LogEntry(
          position: row.int(0), signal: try row.text(2), at: row.timestamp(1),
          keyID: try row.optionalUUID(3), prefix: try row.optionalText(4),
          ownerID: try row.optionalUUID(5), payload: row.optionalBytes(6),
          salt: row.optionalBytes(7), payloadDigest: try row.digest(8), hash: try row.digest(9)))
    }
    return entries
  }

  /// Appends entries, which follow the log's head, and moves the head.
  static func append(_ entries: [LogEntry]) -> [Statement] {
    guard let last = entries.last else { return [] }
    let kept = entries.filter { $0.payload != nil }
    return [
      Statement(
        """
        INSERT INTO cardea.signal_log
          (position, at, signal, key_id, prefix, owner_id, payload_digest, hash)
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        [
          List(entries.map(\.position)), List(entries.map(\.at)), List(entries.map(\.signal)),
          List(entries.map(\.keyID)), List(entries.map(\.prefix)), List(entries.map(\.ownerID)),
          List(entries.map(\.payloadDigest.bytes)), List(entries.map(\.hash.bytes)),
        ]),
      Statement(
        """
        INSERT INTO cardea.signal_payloads (position, payload, salt) SELECT * FROM unnest($1, $2, $3)
        """,
        [List(kept.map(\.position)), List(kept.map(\.payload)), List(kept.map(\.salt))]),
      Statement(
        "UPDATE cardea.signal_log_head SET position = $1, hash = $2",
        [last.position, last.hash.bytes]),
    ]
  }
}

extension LogHead {
  static let select = "SELECT position, hash FROM cardea.signal_log_head"

  /// The head row.
  static func read(_ rows: Rows) throws(StoreError) -> LogHead {
    guard let row = rows.first else { throw .corrupt("the signal log has lost its head row") }
    return LogHead(position: row.int(0), hash: try row.digest(1))
  }
}
