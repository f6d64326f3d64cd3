import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Makes one change, but for its entries in the signal log. The caller has begun the transaction, taken the locks of
/// ``LockOrder`` and set a savepoint, and takes back what was written if this throws.
struct ChangeWriter {
  private let transaction: Transaction

  init(_ transaction: Transaction) { self.transaction = transaction }

  /// - Parameter erased: up to which number the key's entries of the access log have lost their payloads already.
  func apply(_ change: StoreChange, erased: Int64) async throws(StoreError) {
    if change.onlyIfEmpty { try await ensureEmpty() }
    // Before the key, so that a repeated request hears `.idempotencyUsed` and not `.ownerLimit`.
    if let use = change.idempotency { try await write(use) }
    switch change.owner {
    case .insert(let owner): try await insert(owner)
    case .replace(let owner, let expected): try await replace(owner, expected: expected)
    case nil: break
    }
    switch change.key {
    case .insert(let key): try await insert(key)
    case .replace(let key, let expected): try await replace(key, expected: expected)
    case nil: break
    }
    if let rehash = change.rehash { try await apply(rehash) }
    if let keyID = change.erasesLogOf { try await eraseLog(of: keyID, after: erased) }
    switch change.record {
    case .put(let record, let collection):
      try await PluginRecordRows(transaction).put(record, collection)
    case .remove(let id, let collections, let subscription):
      guard try await PluginRecordRows(transaction).remove(id, collections) > 0 else {
        throw .conflict
      }
      try await SubscriptionRows(transaction).forget(subscription)
    case nil: break
    }
  }

  /// The log's head is taken first: two that bootstrap at once come here one after the other.
  private func ensureEmpty() async throws(StoreError) {
    try await transaction.run(LogHead.select + " FOR UPDATE")
    if try await exists("SELECT 1 FROM cardea.key_ids LIMIT 1") { throw .notEmpty }
  }

  // MARK: Owners

  private func insert(_ owner: OwnerRecord) async throws(StoreError) {
    let inserted = try await transaction.run(
      """
      INSERT INTO cardea.owners
        (id, kind, name, max_keys, disabled, created_at, metadata, members, revision)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING
      """,
      [
        owner.id, owner.kind.rawValue, owner.name, owner.maxKeys, owner.disabled, owner.createdAt,
        try JSONText.text(owner.metadata), try JSONText.text(owner.members), owner.revision,
      ])
    if inserted.changed == 1 { return }
    let isKnown = try await exists("SELECT 1 FROM cardea.owners WHERE id = $1", [owner.id])
    throw .duplicate(field: isKnown ? "id" : "owner")
  }

  private func replace(_ owner: OwnerRecord, expected: Int64) async throws(StoreError) {
    let changed = try await transaction.run(
      """
      UPDATE cardea.owners SET max_keys = $1, disabled = $2, metadata = $3, members = $4, revision = $5
      WHERE id = $6 AND kind = $7 AND name = $8 AND revision = $9
      """,
      [
        owner.maxKeys, owner.disabled, try JSONText.text(owner.metadata),
        try JSONText.text(owner.members), owner.revision, owner.id, owner.kind.rawValue, owner.name,
        expected,
      ])
    if changed.changed == 0 { throw .conflict }
  }

  // MARK: Keys

  private func insert(_ key: KeyRecord) async throws(StoreError) {
    do throws(StoreError) {
      if let ownerID = key.ownerID { try await takeRoom(with: ownerID, key.status.counts) }
    } catch {
      // Whoever is here already needs no room.
      try await ensureNew(key)
      throw error
    }
    let secrets = key.secrets
    let counts = try await transaction.run(
      """
      WITH added AS (
        INSERT INTO cardea.keys (id, prefix, name, description, kind, class, owner_id, scopes, status,
          format, created_at, created_by, expires_at, last_used_at, metadata, revision, expiry_notice,
          reactivated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        ON CONFLICT DO NOTHING RETURNING prefix),
      named AS (
        INSERT INTO cardea.key_ids (id, prefix) SELECT $1, prefix FROM added
        ON CONFLICT DO NOTHING RETURNING id),
      kept AS (
        INSERT INTO cardea.secrets
          (prefix, ordinal, id, hash, scheme, format, created_at, ends_at, last_used_at, addresses)
        SELECT added.prefix, s.* FROM added,
          unnest($19, $20, $21, $22, $23, $24, $25, $26, $27) AS s RETURNING id)
      SELECT (SELECT count(*) FROM added), (SELECT count(*) FROM named), (SELECT count(*) FROM kept)
      """,
      [
        key.id, key.prefix, key.name, key.description, key.kind.rawValue, key.keyClass, key.ownerID,
        try JSONText.text(key.scopes), key.status.rawValue, key.format, key.createdAt,
        key.createdBy, key.expiresAt, key.lastUsedAt, try JSONText.text(key.metadata), key.revision,
        key.expiryNoticeDays, key.reactivatedAt,
      ] + ChangeWriter.columns(of: secrets))
    guard let row = counts.first, row.int(0) == 1 else { return try await refuse(key) }
    if row.int(1) != 1 { throw .duplicate(field: "id") }
  }

  private func refuse(_ key: KeyRecord) async throws(StoreError) {
    try await ensureNew(key)
    throw .unavailable("the key breaks a rule of the database's tables")
  }

  private func ensureNew(_ key: KeyRecord) async throws(StoreError) {
    if try await exists("SELECT 1 FROM cardea.keys WHERE prefix = $1", [key.prefix]) {
      throw .duplicate(field: "prefix")
    }
    if try await exists("SELECT 1 FROM cardea.key_ids WHERE id = $1", [key.id]) {
      throw .duplicate(field: "id")
    }
  }

  private func replace(_ key: KeyRecord, expected: Int64) async throws(StoreError) {
    let found = try await transaction.run([
      Statement(
        "SELECT status, owner_id FROM cardea.keys WHERE prefix = $1 AND id = $2 AND revision = $3",
        [key.prefix, key.id, expected]),
      Statement(
        """
        SELECT id, hash, format, created_at, ends_at, last_used_at, addresses FROM cardea.secrets
        WHERE prefix = $1 ORDER BY ordinal
        """, [key.prefix]),
    ])
    guard let row = found[0].first else { throw .conflict }
    var stored: [StoredSecret] = []
    for row in found[1] { stored.append(try KeyRow.secret(row, from: 0)) }
    let counted = KeyRecord.Status(rawValue: try row.text(0))?.counts ?? false
    let formerOwnerID = try row.optionalUUID(1)
    let isMoved = formerOwnerID != key.ownerID
    if let ownerID = key.ownerID {
      try await takeRoom(with: ownerID, key.status.counts && (!counted || isMoved))
    }
    if let formerOwnerID, counted, isMoved || !key.status.counts {
      try await transaction.run(
        "UPDATE cardea.owners SET held = held - 1 WHERE id = $1", [formerOwnerID])
    }
    // A usage flush raises no revision, so a record read before it may hold an older date of last use.
    try await transaction.run(
      """
      UPDATE cardea.keys SET name = $1, description = $2, kind = $3, class = $4, owner_id = $5,
        scopes = $6, status = $7, format = $8, expires_at = $9, metadata = $10, revision = $11,
        expiry_notice = $12, reactivated_at = $13,
        last_used_at = CASE $7 WHEN 'purged' THEN $14 ELSE greatest(last_used_at, $14) END
      WHERE prefix = $15
      """,
      [
        key.name, key.description, key.kind.rawValue, key.keyClass, key.ownerID,
        try JSONText.text(key.scopes), key.status.rawValue, key.format, key.expiresAt,
        try JSONText.text(key.metadata), key.revision, key.expiryNoticeDays, key.reactivatedAt,
        key.lastUsedAt, key.prefix,
      ])
    try await replace(stored, by: key.secrets, prefix: key.prefix)
  }

  /// Counts one key more on its owner's row, which is locked, if there is room; `counts`: keys that are neither revoked
  /// nor purged do.
  private func takeRoom(with ownerID: UUID, _ counts: Bool) async throws(StoreError) {
    if counts {
      let taken = try await transaction.run(
        """
        UPDATE cardea.owners SET held = held + 1
        WHERE id = $1 AND (max_keys < 0 OR held < max_keys)
        """, [ownerID])
      if taken.changed == 1 { return }
    }
    let owner = try await transaction.run(
      "SELECT max_keys FROM cardea.owners WHERE id = $1", [ownerID])
    // The owner was not there when the change was made up, or the change names no real one.
    guard let row = owner.first else { throw .conflict }
    if counts { throw .ownerLimit(Int(row.int(0))) }
  }

  // MARK: Secrets

  /// Ordinal, id, hash, scheme, format, creation, end, last use and addresses of each.
  private static func columns(of secrets: [StoredSecret]) -> [any Bindable] {
    [
      List(secrets.indices), List(secrets.map(\.id)), List(secrets.map(\.hash.encoded)),
      List(secrets.map(\.hash.scheme)), List(secrets.map(\.format)), List(secrets.map(\.createdAt)),
      List(secrets.map(\.endsAt)), List(secrets.map(\.lastUsedAt)),
      List(secrets.map { $0.addresses.isEmpty ? nil : $0.addresses.bytes }),
    ]
  }

  /// Re-hash and usage raise no revision: a secret that stays keeps what they wrote since the record was read.
  private func replace(
    _ stored: [StoredSecret], by secrets: [StoredSecret], prefix: String
  ) async throws(StoreError) {
    let merged = secrets.keepingWork(of: stored)
    if merged == stored { return }
    try await transaction.run([
      Statement("DELETE FROM cardea.secrets WHERE prefix = $1", [prefix]),
      Statement(
        """
        INSERT INTO cardea.secrets
          (prefix, ordinal, id, hash, scheme, format, created_at, ends_at, last_used_at, addresses)
        SELECT $1, s.* FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10) AS s
        """, [prefix] + ChangeWriter.columns(of: merged)),
    ])
  }

  private func apply(_ rehash: StoreChange.Rehash) async throws(StoreError) {
    let changed = try await transaction.run(
      """
      UPDATE cardea.secrets SET hash = $1, scheme = $2 WHERE prefix = $3 AND id = $4 AND hash = $5
      """,
      [
        rehash.to.encoded, rehash.to.scheme, rehash.prefix, rehash.secretID, rehash.from.encoded,
      ])
    if changed.changed == 0 { throw .conflict }
  }

  // MARK: Idempotency

  /// Another node that uses the same key at this moment is waited for.
  private func write(_ use: IdempotencyRecord) async throws(StoreError) {
    let oldest = use.usedAt.adding(.zero - IdempotencyRecord.lifetime) ?? .earliest
    let written = try await transaction.run([
      Statement(
        """
        DELETE FROM cardea.idempotency WHERE ctid = ANY (ARRAY (
          SELECT ctid FROM cardea.idempotency WHERE used_at < $1 LIMIT 100 FOR UPDATE SKIP LOCKED))
        """, [oldest]),
      Statement(
        """
        INSERT INTO cardea.idempotency AS earlier (actor, key, body_digest, key_id, used_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (actor, key) DO UPDATE SET body_digest = EXCLUDED.body_digest,
          key_id = EXCLUDED.key_id, used_at = EXCLUDED.used_at WHERE earlier.used_at < $6
        """, [use.actor, use.key, use.bodyDigest, use.keyID, use.usedAt, oldest]),
    ])
    if written.last?.changed == 1 { return }
    let rows = try await transaction.run(
      IdempotencyRecord.select(actor: use.actor, key: use.key))
    guard let earlier = try IdempotencyRecord.read(rows, actor: use.actor, key: use.key) else {
      throw .conflict
    }
    throw .idempotencyUsed(earlier)
  }

  // MARK: Log

  /// Under the access log's head, so that a batch with entries of this key comes before it or sees that it is purged.
  private func eraseLog(of keyID: UUID, after number: Int64) async throws(StoreError) {
    try await transaction.run([
      // The digest of what was asked for tells whether a guess at it is right.
      Statement("DELETE FROM cardea.idempotency WHERE key_id = $1", [keyID]),
      Statement(AccessLogWriter.takeHead),
      Statement(
        """
        UPDATE cardea.access_log SET payload = NULL, salt = NULL, path = NULL
        WHERE key_id = $1 AND number > $2 AND payload IS NOT NULL
        """, [keyID, number]),
      Statement(
        """
        DELETE FROM cardea.signal_payloads WHERE position IN (
          SELECT position FROM cardea.signal_log WHERE key_id = $1)
        """, [keyID]),
    ])
  }

  private func exists(_ sql: String, _ values: [any Bindable] = []) async throws(StoreError) -> Bool
  {
    try await !transaction.run(sql, values).isEmpty
  }
}

extension IdempotencyRecord {
  /// Finds the kept use of `key` by `actor`, however old.
  static func select(actor: String, key: String) -> Statement {
    Statement(
      "SELECT body_digest, key_id, used_at FROM cardea.idempotency WHERE actor = $1 AND key = $2",
      [actor, key])
  }

  static func read(_ rows: Rows, actor: String, key: String) throws(StoreError) -> Self? {
    guard let row = rows.first else { return nil }
    return IdempotencyRecord(
      actor: actor, key: key, bodyDigest: row.bytes(0), keyID: try row.uuid(1),
      usedAt: row.timestamp(2))
  }
}
