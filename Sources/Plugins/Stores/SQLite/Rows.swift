import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

// How records become columns and columns records.

/// Columns of a key joined with its owner and its secrets; `keys` is `k`, `owners` `o`, `secrets` `s`.
enum KeyRow {
  static let columns = """
    k.id, k.prefix, k.name, k.description, k.kind, k.class, k.owner_id, k.scopes, k.status, k.format,
    k.created_at, k.created_by, k.expires_at, k.last_used_at, k.metadata, k.revision,
    s.id, s.hash, s.format, s.created_at, s.ends_at, s.last_used_at, s.addresses,
    k.expiry_notice, k.reactivated_at, \(OwnerRow.columns)
    """
  static let joins = """
    LEFT JOIN owners o ON o.id = k.owner_id LEFT JOIN secrets s ON s.prefix = k.prefix
    """

  /// One key, found by its prefix or its id.
  static let byPrefix = one("k.prefix = ?")
  static let byID = one("k.id = ?")

  // One statement, so key, secrets and owner are of one moment.
  private static func one(_ condition: String) -> String {
    "SELECT \(columns) FROM keys k \(joins) WHERE \(condition) ORDER BY s.ordinal"
  }

  /// Reads the rows of `query`, in which the rows of one key follow one another.
  static func readAll(_ query: borrowing Query) throws(StoreError) -> [StoredKey] {
    var keys: [StoredKey] = []
    while try query.step() {
      let id = try query.uuid(0)
      if keys.last?.key.id != id { keys.append(try read(query, id: id)) }
      if let secret = try secret(query) { keys[keys.count - 1].key.secrets.append(secret) }
    }
    return keys
  }

  private static func read(_ query: borrowing Query, id: UUID) throws(StoreError) -> StoredKey {
    guard let kind = KeyRecord.Kind(rawValue: try query.text(4)),
      let status = KeyRecord.Status(rawValue: try query.text(8))
    else { throw .corrupt("a key's kind or status is unknown") }
    let key = KeyRecord(
      id: id, prefix: try query.text(1), name: try query.text(2), description: try query.text(3),
      kind: kind, keyClass: try query.text(5), ownerID: try query.optionalUUID(6),
      scopes: try query.scopes(7), status: status, format: try query.text(9),
      createdAt: query.timestamp(10), createdBy: try query.text(11),
      expiresAt: query.optionalTimestamp(12),
      expiryNoticeDays: query.isNull(23) ? nil : Int(query.int(23)),
      lastUsedAt: query.optionalTimestamp(13), reactivatedAt: query.optionalTimestamp(24),
      metadata: try query.metadata(14), secrets: [], revision: query.int(15))
    return StoredKey(key: key, owner: try OwnerRow.read(query, from: 25))
  }

  private static func secret(_ query: borrowing Query) throws(StoreError) -> StoredSecret? {
    guard let id = try query.optionalUUID(16) else { return nil }
    return StoredSecret(
      id: id, hash: EncodedHash(try query.text(17)), format: try query.text(18),
      createdAt: query.timestamp(19), endsAt: query.optionalTimestamp(20),
      lastUsedAt: query.optionalTimestamp(21),
      addresses: AddressSet(bytes: query.optionalBytes(22) ?? []))
  }
}

/// Columns of an owner; `owners` is `o`.
enum OwnerRow {
  static let columns =
    "o.id, o.kind, o.name, o.max_keys, o.disabled, o.created_at, o.metadata, o.members, o.revision"

  /// The owner whose columns begin at `first`; `nil` where the join found none.
  static func read(
    _ query: borrowing Query, from first: Int32 = 0
  ) throws(StoreError) -> OwnerRecord? {
    guard let id = try query.optionalUUID(first) else { return nil }
    guard let kind = OwnerRecord.Kind(rawValue: try query.text(first + 1)) else {
      throw .corrupt("an owner's kind is unknown")
    }
    return OwnerRecord(
      id: id, kind: kind, name: try query.text(first + 2), maxKeys: Int(query.int(first + 3)),
      disabled: query.bool(first + 4), createdAt: query.timestamp(first + 5),
      metadata: try query.metadata(first + 6),
      members: try query.names(first + 7), revision: query.int(first + 8))
  }
}

/// Columns of the mark of an entry of the signal log.
enum MarkRow {
  static let columns = "position, signal, prefix, owner_id"

  static func readAll(_ query: borrowing Query) throws(StoreError) -> [LogMark] {
    var marks: [LogMark] = []
    while try query.step() {
      marks.append(
        LogMark(
          position: query.int(0), signal: try query.text(1), prefix: try query.optionalText(2),
          ownerID: try query.optionalUUID(3)))
    }
    return marks
  }
}

/// Columns of an entry of the signal log.
enum LogRow {
  static let columns =
    "position, at, signal, key_id, prefix, owner_id, payload, salt, payload_digest, hash"

  static func readAll(_ query: borrowing Query) throws(StoreError) -> [LogEntry] {
    var entries: [LogEntry] = []
    while try query.step() {
      entries.append(
        LogEntry(
          position: query.int(0), signal: try query.text(2), at: query.timestamp(1),
          keyID: try query.optionalUUID(3), prefix: try query.optionalText(4),
          ownerID: try query.optionalUUID(5), payload: query.optionalBytes(6),
          salt: query.optionalBytes(7), payloadDigest: try query.digest(8),
          hash: try query.digest(9)))
    }
    return entries
  }
}
