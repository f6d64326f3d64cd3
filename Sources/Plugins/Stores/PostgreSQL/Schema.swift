import CardeaContracts

/// The tables, all in the schema `cardea`, and the migrations that lead to them.
///
/// `schema.sql` beside this file is the outcome, checked in for people to read; a test fails when a migrated database
/// differs from it. A migration that has been released is never edited: a new one follows.
///
/// Ids are `uuid`, whose order is UUIDv7's order of time. Times are milliseconds since 1970 in `bigint`. Scopes,
/// metadata and members are JSON as text, byte for byte as the kernel wrote it: `jsonb` holds no NUL. Texts are in the
/// collation `C`: compared as bytes, and `lower` knows ASCII alone.
enum Schema {
  /// How many migrations this program knows.
  static let version = 3

  /// Serialises what several processes change of the tables, "Card" in ASCII.
  static let lock: Int64 = 0x4361_7264
  /// Serialises who takes payloads out of the signal log.
  static let pruneLock = lock + 1

  /// Partitions of `keys` and `secrets`. More of them make every statement dearer to plan; so many let the tables grow
  /// to 10^9 keys with some 10^8 rows each, and be spread over disks.
  static let partitions = 8

  /// Positions that one partition of the signal log holds.
  static let logPartition: Int64 = 5_000_000

  /// Brings the database up to date, or refuses one that a newer program has migrated.
  static func migrate(_ link: Link) async throws(StoreError) {
    do {
      let connection = try link.connection()
      func run(_ sql: String) async throws(Failure) -> Rows {
        // Migrating what is large takes its time.
        try await Link.run(Statement(sql, isKept: false), on: connection, within: .seconds(3_600))
      }
      do {
        let first = try await found(run)
        if first == version { return }
        _ = try await run("BEGIN")
        _ = try await run("SELECT pg_advisory_xact_lock(\(lock))")
        // Another process may have been here meanwhile.
        let found = try await found(run)
        guard found <= version else {
          throw StoreError.unavailable(
            "the database's tables are of version \(found), and this program knows them up to "
              + "\(version): a newer one was here; install it on this node too")
        }
        for (index, statements) in migrations.enumerated().dropFirst(found) {
          for statement in statements { _ = try await run(statement) }
          _ = try await run("UPDATE cardea.schema_version SET version = \(index + 1)")
        }
        guard try await run("COMMIT").tag == "COMMIT" else {
          throw StoreError.unavailable("the migration was rolled back by the server")
        }
      } catch {
        _ = try? await run("ROLLBACK")
        throw error
      }
    } catch let failure as Failure {
      throw StoreError(failure)
    } catch let error as StoreError {
      throw error
    } catch {
      throw .unavailable("\(error)")
    }
  }

  /// The database's version; 0 where nothing of ours is.
  private static func found(
    _ run: (String) async throws(Failure) -> Rows
  ) async throws(Failure) -> Int {
    let table = try await run("SELECT to_regclass('cardea.schema_version') IS NOT NULL")
    guard table.first?.bool(0) == true else { return 0 }
    return Int(try await run("SELECT version FROM cardea.schema_version").first?.int(0) ?? 0)
  }

  /// The statements that make the partition of the signal log that holds `position`. First a table of its own, which is
  /// then attached: that locks out neither readers nor writers.
  static func logPartition(holding position: Int64) -> [String] {
    let number = max(0, position - 1) / logPartition
    let (first, end) = (number * logPartition + 1, (number + 1) * logPartition + 1)
    return ["signal_log", "signal_payloads"].flatMap { table in
      [
        """
        CREATE TABLE IF NOT EXISTS cardea.\(table)_\(number)
          (LIKE cardea.\(table) INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
        """,
        """
        ALTER TABLE cardea.\(table) ATTACH PARTITION cardea.\(table)_\(number)
          FOR VALUES FROM (\(first)) TO (\(end))
        """,
      ]
    }
  }

  private static let migrations = [firstTables, loggedQuotas, idempotencyByKey]

  // A key's id is unique beside its partitioned table, which can only keep unique what holds its partition key. The
  // signal log's payloads stand apart from its chain: the chain is kept, and payloads are forgotten by the partition.
  private static let firstTables: [String] =
    [
      "CREATE SCHEMA IF NOT EXISTS cardea",
      """
      CREATE TABLE cardea.schema_version (
        single boolean PRIMARY KEY DEFAULT true CHECK (single),
        version integer NOT NULL
      )
      """,
      "INSERT INTO cardea.schema_version (version) VALUES (0)",
      """
      CREATE TABLE cardea.owners (
        id uuid PRIMARY KEY,
        kind text COLLATE "C" NOT NULL CHECK (kind IN ('user', 'system', 'organization')),
        name text COLLATE "C" NOT NULL,
        max_keys bigint NOT NULL CHECK (max_keys >= -1),
        held bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
        disabled boolean NOT NULL,
        created_at bigint NOT NULL,
        metadata text COLLATE "C" NOT NULL,
        members text COLLATE "C" NOT NULL,
        revision bigint NOT NULL,
        UNIQUE (kind, name)
      )
      """,
      """
      CREATE TABLE cardea.keys (
        prefix text COLLATE "C" PRIMARY KEY,
        id uuid NOT NULL,
        name text COLLATE "C" NOT NULL,
        description text COLLATE "C" NOT NULL,
        kind text COLLATE "C" NOT NULL CHECK (kind IN ('user', 'system')),
        class text COLLATE "C" NOT NULL,
        owner_id uuid REFERENCES cardea.owners (id),
        scopes text COLLATE "C" NOT NULL,
        status text COLLATE "C" NOT NULL CHECK (status IN ('active', 'suspended', 'revoked', 'purged')),
        format text COLLATE "C" NOT NULL,
        created_at bigint NOT NULL,
        created_by text COLLATE "C" NOT NULL,
        expires_at bigint,
        expiry_notice bigint,
        last_used_at bigint,
        reactivated_at bigint,
        metadata text COLLATE "C" NOT NULL,
        revision bigint NOT NULL
      ) PARTITION BY HASH (prefix)
      """,
    ]
    + (0..<partitions).map {
      """
      CREATE TABLE cardea.keys_\($0) PARTITION OF cardea.keys
        FOR VALUES WITH (MODULUS \(partitions), REMAINDER \($0)) WITH (fillfactor = 85)
      """
    } + [
      "CREATE INDEX keys_by_id ON cardea.keys (id)",
      "CREATE INDEX keys_by_name ON cardea.keys (lower(name), id)",
      "CREATE INDEX keys_by_end ON cardea.keys (expires_at, id)",
      "CREATE INDEX keys_by_owner ON cardea.keys (owner_id, id) WHERE owner_id IS NOT NULL",
      """
      CREATE INDEX keys_by_expiry ON cardea.keys (expires_at, expiry_notice)
        WHERE status = 'active' AND expires_at IS NOT NULL AND expiry_notice IS DISTINCT FROM 0
      """,
      """
      CREATE TABLE cardea.key_ids (
        id uuid PRIMARY KEY,
        prefix text COLLATE "C" NOT NULL
      )
      """,
      """
      CREATE TABLE cardea.secrets (
        prefix text COLLATE "C" NOT NULL REFERENCES cardea.keys (prefix),
        id uuid NOT NULL,
        ordinal bigint NOT NULL CHECK (ordinal >= 0),
        hash text COLLATE "C" NOT NULL,
        scheme text COLLATE "C" NOT NULL,
        format text COLLATE "C" NOT NULL,
        created_at bigint NOT NULL,
        ends_at bigint,
        last_used_at bigint,
        addresses bytea,
        PRIMARY KEY (prefix, id)
      ) PARTITION BY HASH (prefix)
      """,
    ]
    + (0..<partitions).map {
      """
      CREATE TABLE cardea.secrets_\($0) PARTITION OF cardea.secrets
        FOR VALUES WITH (MODULUS \(partitions), REMAINDER \($0)) WITH (fillfactor = 85)
      """
    } + [
      "CREATE INDEX secrets_by_scheme ON cardea.secrets (scheme, format)",
      """
      CREATE TABLE cardea.signal_log (
        position bigint PRIMARY KEY CHECK (position >= 1),
        at bigint NOT NULL,
        signal text COLLATE "C" NOT NULL,
        key_id uuid,
        prefix text COLLATE "C",
        owner_id uuid,
        payload_digest bytea NOT NULL CHECK (length(payload_digest) = 32),
        hash bytea NOT NULL CHECK (length(hash) = 32)
      ) PARTITION BY RANGE (position)
      """,
      "CREATE INDEX signal_log_by_key ON cardea.signal_log (key_id) WHERE key_id IS NOT NULL",
      """
      CREATE TABLE cardea.signal_payloads (
        position bigint PRIMARY KEY,
        payload bytea NOT NULL,
        salt bytea NOT NULL
      ) PARTITION BY RANGE (position)
      """,
    ] + logPartition(holding: 1) + [
      """
      CREATE TABLE cardea.signal_log_head (
        single boolean PRIMARY KEY DEFAULT true CHECK (single),
        position bigint NOT NULL CHECK (position >= 0),
        hash bytea NOT NULL CHECK (length(hash) = 32)
      ) WITH (fillfactor = 10)
      """,
      """
      INSERT INTO cardea.signal_log_head (position, hash)
        VALUES (0, decode(repeat('00', 32), 'hex'))
      """,
      """
      CREATE TABLE cardea.access_nodes (
        number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
        name text COLLATE "C" NOT NULL UNIQUE,
        position bigint NOT NULL CHECK (position >= base_position),
        sequence bigint NOT NULL,
        hash bytea NOT NULL CHECK (length(hash) = 32),
        base_position bigint NOT NULL CHECK (base_position >= 0),
        base_hash bytea NOT NULL CHECK (length(base_hash) = 32)
      )
      """,
      """
      CREATE TABLE cardea.access_log_head (
        single boolean PRIMARY KEY DEFAULT true CHECK (single),
        number bigint NOT NULL
      ) WITH (fillfactor = 10)
      """,
      "INSERT INTO cardea.access_log_head (number) VALUES (0)",
      """
      CREATE TABLE cardea.access_log (
        number bigint PRIMARY KEY,
        node bigint NOT NULL REFERENCES cardea.access_nodes (number),
        position bigint NOT NULL CHECK (position >= 1),
        at bigint NOT NULL,
        action text COLLATE "C" NOT NULL,
        reason text COLLATE "C",
        status bigint NOT NULL,
        count bigint NOT NULL,
        key_id uuid,
        prefix text COLLATE "C",
        payload bytea,
        salt bytea,
        payload_digest bytea NOT NULL CHECK (length(payload_digest) = 32),
        hash bytea NOT NULL CHECK (length(hash) = 32),
        path bytea,
        UNIQUE (node, position),
        CHECK ((payload IS NULL) = (salt IS NULL))
      )
      """,
      "CREATE INDEX access_log_by_key ON cardea.access_log (key_id, number) WHERE key_id IS NOT NULL",
      """
      CREATE INDEX access_log_by_use ON cardea.access_log (key_id, at)
        INCLUDE (action, reason, count)
        WHERE key_id IS NOT NULL
          AND action IN ('user_logged_in', 'authentication_failed', 'rate_limited')
      """,
      """
      CREATE TABLE cardea.checkpoints (
        number bigint PRIMARY KEY CHECK (number >= 1),
        text bytea NOT NULL,
        public_key bytea CHECK (length(public_key) = 32),
        signature bytea CHECK (length(signature) = 64),
        CHECK ((public_key IS NULL) = (signature IS NULL))
      )
      """,
      """
      CREATE TABLE cardea.idempotency (
        actor text COLLATE "C" NOT NULL,
        key text COLLATE "C" NOT NULL,
        body_digest bytea NOT NULL,
        key_id uuid NOT NULL,
        used_at bigint NOT NULL,
        PRIMARY KEY (actor, key)
      )
      """,
      "CREATE INDEX idempotency_by_age ON cardea.idempotency (used_at)",
      """
      CREATE TABLE cardea.subscriptions (
        name text COLLATE "C" PRIMARY KEY,
        position bigint NOT NULL CHECK (position >= 0),
        holder text COLLATE "C" NOT NULL,
        until bigint NOT NULL
      )
      """,
      """
      CREATE TABLE cardea.dead_letters (
        subscription text COLLATE "C" NOT NULL REFERENCES cardea.subscriptions (name),
        position bigint NOT NULL CHECK (position >= 1),
        signal text COLLATE "C" NOT NULL,
        key_id uuid,
        prefix text COLLATE "C",
        failed_at bigint NOT NULL,
        attempts bigint NOT NULL,
        reason text COLLATE "C" NOT NULL,
        replayed boolean NOT NULL,
        PRIMARY KEY (subscription, position)
      )
      """,
      """
      CREATE TABLE cardea.plugin_records (
        collection text COLLATE "C" NOT NULL,
        id uuid NOT NULL,
        revision bigint NOT NULL CHECK (revision >= 1),
        content bytea NOT NULL,
        PRIMARY KEY (collection, id)
      )
      """,
      """
      CREATE UNLOGGED TABLE cardea.quota_buckets (
        bucket text COLLATE "C" PRIMARY KEY,
        full_at bigint NOT NULL
      ) WITH (fillfactor = 50)
      """,
      "CREATE INDEX quota_buckets_by_end ON cardea.quota_buckets (full_at)",
      """
      CREATE TABLE cardea.nodes (
        id uuid PRIMARY KEY,
        name text COLLATE "C" NOT NULL,
        version text COLLATE "C" NOT NULL,
        lease bigint NOT NULL,
        applied bigint NOT NULL,
        seen timestamptz NOT NULL
      ) WITH (fillfactor = 10)
      """,
    ]
  // What was used of a month's quota outlives a crash and a failover.
  private static let loggedQuotas = ["ALTER TABLE cardea.quota_buckets SET LOGGED"]

  // A purge takes the uses of its key with it. The table holds those of a day.
  private static let idempotencyByKey = [
    "CREATE INDEX idempotency_by_key ON cardea.idempotency (key_id)"
  ]
}
