import CardeaContracts
import GRDB

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Applies one change, statement by statement. The caller has begun the transaction and a savepoint, and
/// takes back what was written if this throws.
///
/// Threading: inside one access to the writer's queue.
struct ChangeWriter {
  let db: Database

  /// The digest of what was asked for tells whether a guess at it is right, so it goes with its key.
  static let forgetIdempotency = "DELETE FROM idempotency WHERE key_id = ?"

  /// The position of the log's last entry afterwards.
  func apply(_ change: StoreChange) throws(StoreError) -> Int64 {
    if change.onlyIfEmpty, try exists("SELECT 1 FROM keys LIMIT 1") { throw .notEmpty }
    // Before the key, so that a repeated request hears `.idempotencyUsed` and not `.ownerLimit`.
    if let use = change.idempotency { try write(use) }
    switch change.owner {
    case .insert(let owner): try insert(owner)
    case .replace(let owner, let expected): try replace(owner, expected: expected)
    case nil: break
    }
    switch change.key {
    case .insert(let key): try insert(key)
    case .replace(let key, let expected): try replace(key, expected: expected)
    case nil: break
    }
    if let rehash = change.rehash { try apply(rehash) }
    if let keyID = change.erasesLogOf {
      try Query(
        db,
        """
        UPDATE signal_log SET payload = NULL, salt = NULL
        WHERE key_id = ? AND payload IS NOT NULL
        """, [keyID]
      ).run()
      try AccessLogWriter(db: db).erase(keyID)
      try Query(db, ChangeWriter.forgetIdempotency, [keyID]).run()
    }
    switch change.record {
    case .put(let record, let collection): try PluginRecordRows(db: db).put(record, collection)
    case .remove(let id, let collections, let subscription):
      guard try PluginRecordRows(db: db).remove(id, collections) > 0 else { throw .conflict }
      try SubscriptionRows(db: db).forget(subscription)
    case nil: break
    }
    return try appendEntries(of: change)
  }

  /// Raises the dates of last use; what is unknown or purged meanwhile is passed over.
  func apply(_ usage: some Sequence<KeyUsage>) throws(StoreError) {
    for use in usage {
      let raised = try Query(
        db,
        """
        UPDATE secrets SET last_used_at = max(coalesce(last_used_at, ?1), ?1)
        WHERE prefix = ?2 AND id = ?3
        """, [use.lastUsedAt, use.prefix, use.secretID]
      ).run()
      guard raised > 0 else { continue }
      if !use.addresses.isEmpty { try add(use.addresses, to: use) }
      try Query(
        db,
        "UPDATE keys SET last_used_at = max(coalesce(last_used_at, ?1), ?1) WHERE prefix = ?2",
        [use.lastUsedAt, use.prefix]
      ).run()
    }
  }

  private func add(_ addresses: AddressSet, to use: KeyUsage) throws(StoreError) {
    var all = addresses
    do {
      let row = try Query(
        db, "SELECT addresses FROM secrets WHERE prefix = ? AND id = ?", [use.prefix, use.secretID])
      guard try row.step() else { return }
      // What is kept goes first: the bound drops what is new.
      all = AddressSet(bytes: row.optionalBytes(0) ?? [])
      all.formUnion(addresses)
    }
    try Query(
      db, "UPDATE secrets SET addresses = ? WHERE prefix = ? AND id = ?",
      [all.bytes, use.prefix, use.secretID]
    ).run()
  }

  // MARK: Owners

  private func insert(_ owner: OwnerRecord) throws(StoreError) {
    let isInserted = try Query(
      db,
      """
      INSERT INTO owners (id, kind, name, max_keys, disabled, created_at, metadata, members, revision)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        owner.id, owner.kind.rawValue, owner.name, owner.maxKeys, owner.disabled, owner.createdAt,
        try JSONText.text(owner.metadata), try JSONText.text(owner.members), owner.revision,
      ]
    ).insert()
    if isInserted { return }
    if try exists("SELECT 1 FROM owners WHERE id = ?", [owner.id]) { throw .duplicate(field: "id") }
    if try exists(
      "SELECT 1 FROM owners WHERE kind = ? AND name = ?", [owner.kind.rawValue, owner.name])
    {
      throw .duplicate(field: "owner")
    }
    throw .unavailable("the owner breaks a rule of the database's tables")
  }

  private func replace(_ owner: OwnerRecord, expected: Int64) throws(StoreError) {
    let changed = try Query(
      db,
      """
      UPDATE owners SET max_keys = ?, disabled = ?, metadata = ?, members = ?, revision = ?
      WHERE id = ? AND kind = ? AND name = ? AND revision = ?
      """,
      [
        owner.maxKeys, owner.disabled, try JSONText.text(owner.metadata),
        try JSONText.text(owner.members), owner.revision, owner.id, owner.kind.rawValue, owner.name,
        expected,
      ]
    ).run()
    if changed == 0 { throw .conflict }
  }

  // MARK: Keys

  private func insert(_ key: KeyRecord) throws(StoreError) {
    do throws(StoreError) {
      if let ownerID = key.ownerID { try ensureRoom(with: ownerID, counts: key.status.counts) }
    } catch {
      // Whoever is here already needs no room.
      try ensureNew(key)
      throw error
    }
    let isInserted = try Query(
      db,
      """
      INSERT INTO keys (id, prefix, name, description, kind, class, owner_id, scopes, status,
        format, created_at, created_by, expires_at, last_used_at, metadata, revision, expiry_notice,
        reactivated_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        key.id, key.prefix, key.name, key.description, key.kind.rawValue, key.keyClass, key.ownerID,
        try JSONText.text(key.scopes), key.status.rawValue, key.format, key.createdAt,
        key.createdBy, key.expiresAt, key.lastUsedAt, try JSONText.text(key.metadata),
        key.revision, key.expiryNoticeDays, key.reactivatedAt,
      ]
    ).insert()
    guard isInserted else {
      try ensureNew(key)
      throw .unavailable("the key breaks a rule of the database's tables")
    }
    try insertSecrets(key.secrets, prefix: key.prefix)
  }

  private func ensureNew(_ key: KeyRecord) throws(StoreError) {
    if try exists("SELECT 1 FROM keys WHERE prefix = ?", [key.prefix]) {
      throw .duplicate(field: "prefix")
    }
    if try exists("SELECT 1 FROM keys WHERE id = ?", [key.id]) { throw .duplicate(field: "id") }
  }

  private func replace(_ key: KeyRecord, expected: Int64) throws(StoreError) {
    do {
      let found = try Query(
        db, "SELECT status, owner_id FROM keys WHERE id = ? AND prefix = ? AND revision = ?",
        [key.id, key.prefix, expected])
      guard try found.step() else { throw StoreError.conflict }
      let counted = KeyRecord.Status(rawValue: try found.text(0))?.counts ?? false
      if let ownerID = key.ownerID {
        let formerOwnerID = try found.optionalUUID(1)
        let isNew = !counted || formerOwnerID != ownerID
        try ensureRoom(with: ownerID, counts: isNew && key.status.counts)
      }
    }
    // A usage flush raises no revision, so a record read before it may hold an older date of last use.
    try Query(
      db,
      """
      UPDATE keys SET name = ?1, description = ?2, kind = ?3, class = ?4, owner_id = ?5, scopes = ?6,
        status = ?7, format = ?8, expires_at = ?9, metadata = ?10, revision = ?11,
        expiry_notice = ?14, reactivated_at = ?15,
        last_used_at = CASE ?7 WHEN 'purged' THEN ?12
          ELSE max(coalesce(last_used_at, ?12), coalesce(?12, last_used_at)) END
      WHERE id = ?13
      """,
      [
        key.name, key.description, key.kind.rawValue, key.keyClass, key.ownerID,
        try JSONText.text(key.scopes), key.status.rawValue, key.format, key.expiresAt,
        try JSONText.text(key.metadata), key.revision, key.lastUsedAt, key.id,
        key.expiryNoticeDays, key.reactivatedAt,
      ]
    ).run()
    try replaceSecrets(key.secrets, prefix: key.prefix)
  }

  /// Keys that are neither revoked nor purged count.
  private func ensureRoom(with ownerID: UUID, counts: Bool) throws(StoreError) {
    let owner = try Query(db, "SELECT max_keys FROM owners WHERE id = ?", [ownerID])
    // The owner was not there when the change was made up, or the change names no real one.
    guard try owner.step() else { throw .conflict }
    let most = owner.int(0)
    guard counts, most >= 0 else { return }
    let held = try Query(
      db,
      """
      SELECT count(*) FROM keys WHERE owner_id = ? AND status IN ('active', 'suspended')
      """, [ownerID])
    if try held.step(), held.int(0) >= most { throw .ownerLimit(Int(most)) }
  }

  // MARK: Secrets

  private func insertSecrets(_ secrets: [StoredSecret], prefix: String) throws(StoreError) {
    for (ordinal, secret) in secrets.enumerated() {
      try Query(
        db,
        """
        INSERT INTO secrets
          (prefix, ordinal, id, hash, scheme, format, created_at, ends_at, last_used_at, addresses)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
          prefix, ordinal, secret.id, secret.hash.encoded, secret.hash.scheme, secret.format,
          secret.createdAt, secret.endsAt, secret.lastUsedAt,
          secret.addresses.isEmpty ? nil : secret.addresses.bytes,
        ]
      ).run()
    }
  }

  /// Re-hash and usage raise no revision: a secret that stays keeps what they wrote since the record was
  /// read.
  private func replaceSecrets(_ secrets: [StoredSecret], prefix: String) throws(StoreError) {
    let stored = try storedSecrets(prefix: prefix)
    let merged = secrets.keepingWork(of: stored)
    if merged == stored { return }
    try Query(db, "DELETE FROM secrets WHERE prefix = ?", [prefix]).run()
    try insertSecrets(merged, prefix: prefix)
  }

  private func storedSecrets(prefix: String) throws(StoreError) -> [StoredSecret] {
    let rows = try Query(
      db,
      """
      SELECT id, hash, format, created_at, ends_at, last_used_at, addresses FROM secrets
      WHERE prefix = ? ORDER BY ordinal
      """, [prefix])
    var secrets: [StoredSecret] = []
    while try rows.step() {
      secrets.append(
        StoredSecret(
          id: try rows.uuid(0), hash: EncodedHash(try rows.text(1)), format: try rows.text(2),
          createdAt: rows.timestamp(3), endsAt: rows.optionalTimestamp(4),
          lastUsedAt: rows.optionalTimestamp(5),
          addresses: AddressSet(bytes: rows.optionalBytes(6) ?? [])))
    }
    return secrets
  }

  private func apply(_ rehash: StoreChange.Rehash) throws(StoreError) {
    let changed = try Query(
      db, "UPDATE secrets SET hash = ?, scheme = ? WHERE prefix = ? AND id = ? AND hash = ?",
      [
        rehash.to.encoded, rehash.to.scheme, rehash.prefix, rehash.secretID, rehash.from.encoded,
      ]
    ).run()
    if changed == 0 { throw .conflict }
  }

  // MARK: Idempotency

  private func write(_ use: IdempotencyRecord) throws(StoreError) {
    if let oldest = use.usedAt.adding(.zero - IdempotencyRecord.lifetime) {
      try Query(db, "DELETE FROM idempotency WHERE used_at < ?", [oldest]).run()
    }
    if let earlier = try IdempotencyRecord.read(db, actor: use.actor, key: use.key) {
      throw .idempotencyUsed(earlier)
    }
    try Query(
      db,
      "INSERT INTO idempotency (actor, key, body_digest, key_id, used_at) VALUES (?, ?, ?, ?, ?)",
      [use.actor, use.key, use.bodyDigest, use.keyID, use.usedAt]
    ).run()
  }

  // MARK: Log

  private func appendEntries(of change: StoreChange) throws(StoreError) -> Int64 {
    let head = try LogHead.read(db)
    let entries = change.entries(after: head)
    guard let last = entries.last else { return head.position }
    for entry in entries {
      try Query(
        db, "INSERT INTO signal_log (\(LogRow.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
          entry.position, entry.at, entry.signal, entry.keyID, entry.prefix, entry.ownerID,
          entry.payload, entry.salt, entry.payloadDigest.bytes, entry.hash.bytes,
        ]
      ).run()
    }
    try Query(
      db, "UPDATE signal_log_head SET position = ?, hash = ? WHERE only = 1",
      [last.position, last.hash.bytes]
    ).run()
    return last.position
  }

  private func exists(_ sql: String, _ values: [any Bindable] = []) throws(StoreError) -> Bool {
    try Query(db, sql, values).step()
  }
}

extension LogHead {
  /// The head row.
  static func read(_ db: Database) throws(StoreError) -> LogHead {
    let row = try Query(db, "SELECT position, hash FROM signal_log_head")
    guard try row.step() else { throw .corrupt("the signal log has lost its head row") }
    return LogHead(position: row.int(0), hash: try row.digest(1))
  }
}

extension IdempotencyRecord {
  /// The kept use of `key` by `actor`, however old.
  static func read(_ db: Database, actor: String, key: String) throws(StoreError) -> Self? {
    let row = try Query(
      db, "SELECT body_digest, key_id, used_at FROM idempotency WHERE actor = ? AND key = ?",
      [actor, key])
    guard try row.step() else { return nil }
    return IdempotencyRecord(
      actor: actor, key: key, bodyDigest: row.bytes(0), keyID: try row.uuid(1),
      usedAt: row.timestamp(2))
  }
}
