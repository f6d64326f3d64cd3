import CardeaContracts
import GRDB

/// The database's layout: what marks a file as Cardea's, and the migrations that lead to the present tables.
///
/// `schema.sql` beside this file is the outcome, checked in for people to read; `SchemaTests` fails when a
/// migrated database differs from it. A migration that has been released is never edited: a new one follows.
///
/// Ids are BLOBs of 16 bytes: half the size of the text, and SQLite's order of them (`memcmp`) is UUIDv7's
/// order of time. Times are INTEGER milliseconds since 1970. Sets and free values are JSON text.
enum Schema {
  /// `application_id` in the file's header, "Card" in ASCII: tells a file of ours from another program's.
  static let applicationID: Int64 = 0x4361_7264
  /// `user_version` in the file's header: how many migrations the file has seen.
  static let version: Int64 = 4

  static let migrator: DatabaseMigrator = {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 keys, owners, secrets, signal log") { db in
      // Another process may have been here between GRDB's look and this transaction: noting the migration
      // then fails, and opening tries again.
      guard try Int64.fetchOne(db, sql: "PRAGMA user_version") == 0 else { return }
      try db.execute(sql: firstTables)
      try db.execute(sql: "PRAGMA user_version = 1")
    }
    migrator.registerMigration("2 keys by name and by expiry, secrets by format") { db in
      guard try Int64.fetchOne(db, sql: "PRAGMA user_version") == 1 else { return }
      try db.execute(sql: moreIndexes)
      try db.execute(sql: "PRAGMA user_version = 2")
    }
    migrator.registerMigration("3 buckets of limits") { db in
      guard try Int64.fetchOne(db, sql: "PRAGMA user_version") == 2 else { return }
      try db.execute(sql: buckets)
      try db.execute(sql: "PRAGMA user_version = 3")
    }
    migrator.registerMigration("4 idempotency keys by key") { db in
      guard try Int64.fetchOne(db, sql: "PRAGMA user_version") == 3 else { return }
      try db.execute(sql: idempotencyByKey)
      try db.execute(sql: "PRAGMA user_version = 4")
    }
    return migrator
  }()

  /// The statements that make the database's tables and indexes, as SQLite keeps them.
  static func text(_ db: Database) throws(StoreError) -> String {
    let query = try Query(
      db,
      """
      SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL
      ORDER BY tbl_name, type DESC, name
      """)
    var text = ""
    while try query.step() {
      text += text.isEmpty ? "" : "\n"
      text += try query.text(0) + ";\n"
    }
    return text
  }

  // `path` in `access_log` is the payload's, of entries with a key: counting them by it reads `access_log_by_use`
  // alone, which holds no other entries, so that listings of a key's entries do not take to it.
  // An entry's number in `access_log` never comes twice, though entries are pruned: `last_number` remembers.
  //
  // Keys are found by prefix, listed by id (newest first) and counted by owner. Rows of `keys` are too long
  // for WITHOUT ROWID to pay; the others are read by their primary key alone.
  private static let firstTables = """
    CREATE TABLE owners (
      id BLOB PRIMARY KEY CHECK (length(id) = 16),
      kind TEXT NOT NULL CHECK (kind IN ('user', 'system', 'organization')),
      name TEXT NOT NULL,
      max_keys INTEGER NOT NULL CHECK (max_keys >= -1),
      disabled INTEGER NOT NULL CHECK (disabled IN (0, 1)),
      created_at INTEGER NOT NULL,
      metadata TEXT NOT NULL CHECK (json_valid(metadata)),
      members TEXT NOT NULL CHECK (json_valid(members)),
      revision INTEGER NOT NULL,
      UNIQUE (kind, name)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE keys (
      number INTEGER PRIMARY KEY,
      id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
      prefix TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      description TEXT NOT NULL,
      kind TEXT NOT NULL CHECK (kind IN ('user', 'system')),
      class TEXT NOT NULL,
      owner_id BLOB REFERENCES owners (id),
      scopes TEXT NOT NULL CHECK (json_valid(scopes)),
      status TEXT NOT NULL CHECK (status IN ('active', 'suspended', 'revoked', 'purged')),
      format TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      created_by TEXT NOT NULL,
      expires_at INTEGER,
      expiry_notice INTEGER,
      last_used_at INTEGER,
      reactivated_at INTEGER,
      metadata TEXT NOT NULL CHECK (json_valid(metadata)),
      revision INTEGER NOT NULL
    ) STRICT;

    CREATE INDEX keys_by_owner ON keys (owner_id, id, status) WHERE owner_id IS NOT NULL;

    CREATE INDEX keys_by_expiry ON keys (expires_at, expiry_notice)
      WHERE status = 'active' AND expires_at IS NOT NULL AND expiry_notice IS NOT 0;

    CREATE TABLE secrets (
      prefix TEXT NOT NULL REFERENCES keys (prefix),
      ordinal INTEGER NOT NULL CHECK (ordinal >= 0),
      id BLOB NOT NULL CHECK (length(id) = 16),
      hash TEXT NOT NULL,
      scheme TEXT NOT NULL,
      format TEXT NOT NULL,
      created_at INTEGER NOT NULL,
      ends_at INTEGER,
      last_used_at INTEGER,
      addresses BLOB,
      PRIMARY KEY (prefix, ordinal)
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX secrets_by_scheme ON secrets (scheme);

    CREATE TABLE signal_log (
      position INTEGER PRIMARY KEY CHECK (position >= 1),
      at INTEGER NOT NULL,
      signal TEXT NOT NULL,
      key_id BLOB CHECK (length(key_id) = 16),
      prefix TEXT,
      owner_id BLOB CHECK (length(owner_id) = 16),
      payload BLOB,
      salt BLOB,
      payload_digest BLOB NOT NULL CHECK (length(payload_digest) = 32),
      hash BLOB NOT NULL CHECK (length(hash) = 32),
      CHECK ((payload IS NULL) = (salt IS NULL))
    ) STRICT;

    CREATE INDEX signal_log_by_key ON signal_log (key_id) WHERE key_id IS NOT NULL;

    CREATE TABLE signal_log_head (
      only INTEGER PRIMARY KEY CHECK (only = 1),
      position INTEGER NOT NULL CHECK (position >= 0),
      hash BLOB NOT NULL CHECK (length(hash) = 32)
    ) STRICT;

    INSERT INTO signal_log_head (only, position, hash) VALUES (1, 0, zeroblob(32));

    CREATE TABLE access_nodes (
      number INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      position INTEGER NOT NULL CHECK (position >= base_position),
      sequence INTEGER NOT NULL,
      hash BLOB NOT NULL CHECK (length(hash) = 32),
      base_position INTEGER NOT NULL CHECK (base_position >= 0),
      base_hash BLOB NOT NULL CHECK (length(base_hash) = 32),
      last_number INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE access_log (
      number INTEGER PRIMARY KEY,
      node INTEGER NOT NULL REFERENCES access_nodes (number),
      position INTEGER NOT NULL CHECK (position >= 1),
      at INTEGER NOT NULL,
      action TEXT NOT NULL,
      reason TEXT,
      status INTEGER NOT NULL,
      count INTEGER NOT NULL,
      key_id BLOB CHECK (length(key_id) = 16),
      prefix TEXT,
      payload BLOB,
      salt BLOB,
      payload_digest BLOB NOT NULL CHECK (length(payload_digest) = 32),
      hash BLOB NOT NULL CHECK (length(hash) = 32),
      path TEXT,
      CHECK ((payload IS NULL) = (salt IS NULL))
    ) STRICT;

    CREATE UNIQUE INDEX access_log_by_node ON access_log (node, position);

    CREATE INDEX access_log_by_key ON access_log (key_id) WHERE key_id IS NOT NULL;

    CREATE INDEX access_log_by_use ON access_log (key_id, at, action, reason, count, path)
      WHERE key_id IS NOT NULL
        AND action IN ('user_logged_in', 'authentication_failed', 'rate_limited');

    CREATE TABLE checkpoints (
      number INTEGER PRIMARY KEY CHECK (number >= 1),
      text BLOB NOT NULL,
      public_key BLOB CHECK (length(public_key) = 32),
      signature BLOB CHECK (length(signature) = 64),
      CHECK ((public_key IS NULL) = (signature IS NULL))
    ) STRICT;

    CREATE TABLE idempotency (
      actor TEXT NOT NULL,
      key TEXT NOT NULL,
      body_digest BLOB NOT NULL,
      key_id BLOB NOT NULL CHECK (length(key_id) = 16),
      used_at INTEGER NOT NULL,
      PRIMARY KEY (actor, key)
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX idempotency_by_age ON idempotency (used_at);

    CREATE TABLE subscriptions (
      name TEXT PRIMARY KEY,
      position INTEGER NOT NULL CHECK (position >= 0),
      holder TEXT NOT NULL,
      until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE dead_letters (
      subscription TEXT NOT NULL REFERENCES subscriptions (name),
      position INTEGER NOT NULL CHECK (position >= 1),
      signal TEXT NOT NULL,
      key_id BLOB CHECK (length(key_id) = 16),
      prefix TEXT,
      failed_at INTEGER NOT NULL,
      attempts INTEGER NOT NULL,
      reason TEXT NOT NULL,
      replayed INTEGER NOT NULL CHECK (replayed IN (0, 1)),
      PRIMARY KEY (subscription, position)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE plugin_records (
      collection TEXT NOT NULL,
      id BLOB NOT NULL CHECK (length(id) = 16),
      revision INTEGER NOT NULL CHECK (revision >= 1),
      content BLOB NOT NULL,
      PRIMARY KEY (collection, id)
    ) STRICT, WITHOUT ROWID;
    """

  // With the id, so that keys of one name or one moment have an order too, and a page needs no sorting. With
  // the format, so that whether any key has one is known without a scan. Together some 8 s for a million keys that are
  // there already.
  private static let moreIndexes = """
    CREATE INDEX keys_by_name ON keys (name COLLATE NOCASE, id);

    CREATE INDEX keys_by_end ON keys (expires_at, id);

    DROP INDEX secrets_by_scheme;

    CREATE INDEX secrets_by_scheme ON secrets (scheme, format);
    """

  // When each bucket is full again, in nanoseconds. Without an index by that: every draw changes it. Rows of full
  // buckets are found by going round the table, a few at each draw.
  private static let buckets = """
    CREATE TABLE quota_buckets (
      bucket TEXT PRIMARY KEY,
      full_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """

  // A purge takes the uses of its key with it.
  private static let idempotencyByKey =
    "CREATE INDEX idempotency_by_key ON idempotency (key_id);"
}
