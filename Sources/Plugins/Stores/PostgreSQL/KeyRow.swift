import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Columns of a key joined with its owner and its secrets; `keys` is `k`, `owners` `o`, `secrets` `s`.
enum KeyRow {
  static let columns = """
    k.id, k.prefix, k.name, k.description, k.kind, k.class, k.owner_id, k.scopes, k.status, k.format,
    k.created_at, k.created_by, k.expires_at, k.last_used_at, k.metadata, k.revision,
    s.id, s.hash, s.format, s.created_at, s.ends_at, s.last_used_at, s.addresses,
    k.expiry_notice, k.reactivated_at, \(OwnerRow.columns)
    """

  /// One key, found by its prefix. The prefix stands three times, so that only its own partitions are looked at, with
  /// one round trip and of one moment.
  static let byPrefix = """
    SELECT \(columns) FROM cardea.keys k LEFT JOIN cardea.owners o ON o.id = k.owner_id
    LEFT JOIN cardea.secrets s ON s.prefix = $1 WHERE k.prefix = $1 ORDER BY s.ordinal
    """
  /// The same, of which the partition is known.
  static let byPrefixInPartition = (0..<Schema.partitions).map { partition in
    """
    SELECT \(columns) FROM cardea.keys_\(partition) k LEFT JOIN cardea.owners o ON o.id = k.owner_id
    LEFT JOIN cardea.secrets_\(partition) s ON s.prefix = $1 WHERE k.prefix = $1 ORDER BY s.ordinal
    """
  }
  /// By its id: two index reads, of `key_ids` and of `keys`.
  static let byID = """
    SELECT \(columns) FROM cardea.key_ids i JOIN cardea.keys k ON k.prefix = i.prefix
    LEFT JOIN cardea.owners o ON o.id = k.owner_id
    LEFT JOIN cardea.secrets s ON s.prefix = i.prefix WHERE i.id = $1 ORDER BY s.ordinal
    """

  static let joins = """
    LEFT JOIN cardea.owners o ON o.id = k.owner_id LEFT JOIN cardea.secrets s ON s.prefix = k.prefix
    """

  /// Reads rows in which those of one key follow one another.
  static func readAll(_ rows: Rows) throws(StoreError) -> [StoredKey] {
    var keys: [StoredKey] = []
    for row in rows {
      let id = try row.uuid(0)
      if keys.last?.key.id != id { keys.append(try read(row, id: id)) }
      if let secret = try secret(row) { keys[keys.count - 1].key.secrets.append(secret) }
    }
    return keys
  }

  private static func read(_ row: Row, id: UUID) throws(StoreError) -> StoredKey {
    guard let kind = KeyRecord.Kind(rawValue: try row.text(4)),
      let status = KeyRecord.Status(rawValue: try row.text(8))
    else { throw .corrupt("a key's kind or status is unknown") }
    let key = KeyRecord(
      id: id, prefix: try row.text(1), name: try row.text(2), description: try row.text(3),
      kind: kind, keyClass: try row.text(5), ownerID: try row.optionalUUID(6),
      scopes: try row.scopes(7), status: status, format: try row.text(9),
      createdAt: row.timestamp(10), createdBy: try row.text(11),
      expiresAt: row.optionalTimestamp(12),
      expiryNoticeDays: row.isNull(23) ? nil : Int(row.int(23)),
      lastUsedAt: row.optionalTimestamp(13), reactivatedAt: row.optionalTimestamp(24),
      metadata: try row.metadata(14), secrets: [], revision: row.int(15))
    return StoredKey(key: key, owner: try OwnerRow.read(row, from: 25))
  }

  private static func secret(_ row: Row) throws(StoreError) -> StoredSecret? {
    guard !row.isNull(16) else { return nil }
    return try secret(row, from: 16)
  }

  /// Id, hash, format, creation, end, last use and addresses, in columns that begin at `first`.
  static func secret(_ row: Row, from first: Int32) throws(StoreError) -> StoredSecret {
    StoredSecret(
      id: try row.uuid(first), hash: EncodedHash(try row.text(first + 1)),
      format: try row.text(first + 2), createdAt: row.timestamp(first + 3),
      endsAt: row.optionalTimestamp(first + 4), lastUsedAt: row.optionalTimestamp(first + 5),
      addresses: AddressSet(bytes: row.optionalBytes(first + 6) ?? []))
  }
}

/// Columns of an owner; `owners` is `o`.
enum OwnerRow {
  static let columns =
    "o.id, o.kind, o.name, o.max_keys, o.disabled, o.created_at, o.metadata, o.members, o.revision"

  /// The owner whose columns begin at `first`; `nil` where the join found none.
  static func read(_ row: Row, from first: Int32 = 0) throws(StoreError) -> OwnerRecord? {
    guard let id = try row.optionalUUID(first) else { return nil }
    guard let kind = OwnerRecord.Kind(rawValue: try row.text(first + 1)) else {
      throw .corrupt("an owner's kind is unknown")
    }
    return OwnerRecord(
      id: id, kind: kind, name: try row.text(first + 2), maxKeys: Int(row.int(first + 3)),
      disabled: row.bool(first + 4), createdAt: row.timestamp(first + 5),
      metadata: try row.metadata(first + 6), members: try row.names(first + 7),
      revision: row.int(first + 8))
  }
}
