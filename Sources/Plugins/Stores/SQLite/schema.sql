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

CREATE INDEX access_log_by_key ON access_log (key_id) WHERE key_id IS NOT NULL;

CREATE UNIQUE INDEX access_log_by_node ON access_log (node, position);

CREATE INDEX access_log_by_use ON access_log (key_id, at, action, reason, count, path)
  WHERE key_id IS NOT NULL
    AND action IN ('user_logged_in', 'authentication_failed', 'rate_limited');

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

CREATE TABLE checkpoints (
  number INTEGER PRIMARY KEY CHECK (number >= 1),
  text BLOB NOT NULL,
  public_key BLOB CHECK (length(public_key) = 32),
  signature BLOB CHECK (length(signature) = 64),
  CHECK ((public_key IS NULL) = (signature IS NULL))
) STRICT;

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

CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);

CREATE TABLE idempotency (
  actor TEXT NOT NULL,
  key TEXT NOT NULL,
  body_digest BLOB NOT NULL,
  key_id BLOB NOT NULL CHECK (length(key_id) = 16),
  used_at INTEGER NOT NULL,
  PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (used_at);

CREATE INDEX idempotency_by_key ON idempotency (key_id);

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

CREATE INDEX keys_by_end ON keys (expires_at, id);

CREATE INDEX keys_by_expiry ON keys (expires_at, expiry_notice)
  WHERE status = 'active' AND expires_at IS NOT NULL AND expiry_notice IS NOT 0;

CREATE INDEX keys_by_name ON keys (name COLLATE NOCASE, id);

CREATE INDEX keys_by_owner ON keys (owner_id, id, status) WHERE owner_id IS NOT NULL;

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

CREATE TABLE plugin_records (
  collection TEXT NOT NULL,
  id BLOB NOT NULL CHECK (length(id) = 16),
  revision INTEGER NOT NULL CHECK (revision >= 1),
  content BLOB NOT NULL,
  PRIMARY KEY (collection, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE quota_buckets (
  bucket TEXT PRIMARY KEY,
  full_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

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

CREATE INDEX secrets_by_scheme ON secrets (scheme, format);

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

CREATE TABLE subscriptions (
  name TEXT PRIMARY KEY,
  position INTEGER NOT NULL CHECK (position >= 0),
  holder TEXT NOT NULL,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
