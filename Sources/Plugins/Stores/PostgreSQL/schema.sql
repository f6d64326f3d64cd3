CREATE SCHEMA IF NOT EXISTS cardea;

CREATE TABLE cardea.schema_version (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  version integer NOT NULL
);

INSERT INTO cardea.schema_version (version) VALUES (3);

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
);

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
) PARTITION BY HASH (prefix);

CREATE TABLE cardea.keys_0 PARTITION OF cardea.keys
  FOR VALUES WITH (MODULUS 8, REMAINDER 0) WITH (fillfactor = 85);

CREATE TABLE cardea.keys_1 PARTITION OF cardea.keys
  FOR VALUES WITH (MODULUS 8, REMAINDER 1) WITH (fillfactor = 85);

CREATE TABLE cardea.keys_2 PARTITION OF cardea.keys
  FOR VALUES WITH (MODULUS 8, REMAINDER 2) WITH (fillfactor = 85);

CREATE TABLE cardea.keys_3 PARTITION OF cardea.keys
  FOR VALUES WITH (MODULUS 8, REMAINDER 3) WITH (fillfactor = 85);

CREATE TABLE cardea.keys_4 PARTITION OF cardea.keys
  FOR VALUES WITH (MODULUS 8, REMAINDER 4) WITH (fillfactor = 85);

CREATE TABLE cardea.keys_5 PARTITION OF cardea.keys
  FOR VALUES WITH (MODULUS 8, REMAINDER 5) WITH (fillfactor = 85);

CREATE TABLE cardea.keys_6 PARTITION OF cardea.keys
  FOR VALUES WITH (MODULUS 8, REMAINDER 6) WITH (fillfactor = 85);

CREATE TABLE cardea.keys_7 PARTITION OF cardea.keys
  FOR VALUES WITH (MODULUS 8, REMAINDER 7) WITH (fillfactor = 85);

CREATE INDEX keys_by_id ON cardea.keys (id);

CREATE INDEX keys_by_name ON cardea.keys (lower(name), id);

CREATE INDEX keys_by_end ON cardea.keys (expires_at, id);

CREATE INDEX keys_by_owner ON cardea.keys (owner_id, id) WHERE owner_id IS NOT NULL;

CREATE INDEX keys_by_expiry ON cardea.keys (expires_at, expiry_notice)
  WHERE status = 'active' AND expires_at IS NOT NULL AND expiry_notice IS DISTINCT FROM 0;

CREATE TABLE cardea.key_ids (
  id uuid PRIMARY KEY,
  prefix text COLLATE "C" NOT NULL
);

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
) PARTITION BY HASH (prefix);

CREATE TABLE cardea.secrets_0 PARTITION OF cardea.secrets
  FOR VALUES WITH (MODULUS 8, REMAINDER 0) WITH (fillfactor = 85);

CREATE TABLE cardea.secrets_1 PARTITION OF cardea.secrets
  FOR VALUES WITH (MODULUS 8, REMAINDER 1) WITH (fillfactor = 85);

CREATE TABLE cardea.secrets_2 PARTITION OF cardea.secrets
  FOR VALUES WITH (MODULUS 8, REMAINDER 2) WITH (fillfactor = 85);

CREATE TABLE cardea.secrets_3 PARTITION OF cardea.secrets
  FOR VALUES WITH (MODULUS 8, REMAINDER 3) WITH (fillfactor = 85);

CREATE TABLE cardea.secrets_4 PARTITION OF cardea.secrets
  FOR VALUES WITH (MODULUS 8, REMAINDER 4) WITH (fillfactor = 85);

CREATE TABLE cardea.secrets_5 PARTITION OF cardea.secrets
  FOR VALUES WITH (MODULUS 8, REMAINDER 5) WITH (fillfactor = 85);

CREATE TABLE cardea.secrets_6 PARTITION OF cardea.secrets
  FOR VALUES WITH (MODULUS 8, REMAINDER 6) WITH (fillfactor = 85);

CREATE TABLE cardea.secrets_7 PARTITION OF cardea.secrets
  FOR VALUES WITH (MODULUS 8, REMAINDER 7) WITH (fillfactor = 85);

CREATE INDEX secrets_by_scheme ON cardea.secrets (scheme, format);

CREATE TABLE cardea.signal_log (
  position bigint PRIMARY KEY CHECK (position >= 1),
  at bigint NOT NULL,
  signal text COLLATE "C" NOT NULL,
  key_id uuid,
  prefix text COLLATE "C",
  owner_id uuid,
  payload_digest bytea NOT NULL CHECK (length(payload_digest) = 32),
  hash bytea NOT NULL CHECK (length(hash) = 32)
) PARTITION BY RANGE (position);

CREATE INDEX signal_log_by_key ON cardea.signal_log (key_id) WHERE key_id IS NOT NULL;

CREATE TABLE cardea.signal_payloads (
  position bigint PRIMARY KEY,
  payload bytea NOT NULL,
  salt bytea NOT NULL
) PARTITION BY RANGE (position);

CREATE TABLE cardea.signal_log_0
  (LIKE cardea.signal_log INCLUDING DEFAULTS INCLUDING CONSTRAINTS);

ALTER TABLE cardea.signal_log ATTACH PARTITION cardea.signal_log_0
  FOR VALUES FROM (1) TO (5000001);

CREATE TABLE cardea.signal_payloads_0
  (LIKE cardea.signal_payloads INCLUDING DEFAULTS INCLUDING CONSTRAINTS);

ALTER TABLE cardea.signal_payloads ATTACH PARTITION cardea.signal_payloads_0
  FOR VALUES FROM (1) TO (5000001);

CREATE TABLE cardea.signal_log_head (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  position bigint NOT NULL CHECK (position >= 0),
  hash bytea NOT NULL CHECK (length(hash) = 32)
) WITH (fillfactor = 10);

INSERT INTO cardea.signal_log_head (position, hash)
  VALUES (0, decode(repeat('00', 32), 'hex'));

CREATE TABLE cardea.access_nodes (
  number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  name text COLLATE "C" NOT NULL UNIQUE,
  position bigint NOT NULL CHECK (position >= base_position),
  sequence bigint NOT NULL,
  hash bytea NOT NULL CHECK (length(hash) = 32),
  base_position bigint NOT NULL CHECK (base_position >= 0),
  base_hash bytea NOT NULL CHECK (length(base_hash) = 32)
);

CREATE TABLE cardea.access_log_head (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  number bigint NOT NULL
) WITH (fillfactor = 10);

INSERT INTO cardea.access_log_head (number) VALUES (0);

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
);

CREATE INDEX access_log_by_key ON cardea.access_log (key_id, number) WHERE key_id IS NOT NULL;

CREATE INDEX access_log_by_use ON cardea.access_log (key_id, at)
  INCLUDE (action, reason, count)
  WHERE key_id IS NOT NULL
    AND action IN ('user_logged_in', 'authentication_failed', 'rate_limited');

CREATE TABLE cardea.checkpoints (
  number bigint PRIMARY KEY CHECK (number >= 1),
  text bytea NOT NULL,
  public_key bytea CHECK (length(public_key) = 32),
  signature bytea CHECK (length(signature) = 64),
  CHECK ((public_key IS NULL) = (signature IS NULL))
);

CREATE TABLE cardea.idempotency (
  actor text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  body_digest bytea NOT NULL,
  key_id uuid NOT NULL,
  used_at bigint NOT NULL,
  PRIMARY KEY (actor, key)
);

CREATE INDEX idempotency_by_age ON cardea.idempotency (used_at);

CREATE INDEX idempotency_by_key ON cardea.idempotency (key_id);

CREATE TABLE cardea.subscriptions (
  name text COLLATE "C" PRIMARY KEY,
  position bigint NOT NULL CHECK (position >= 0),
  holder text COLLATE "C" NOT NULL,
  until bigint NOT NULL
);

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
);

CREATE TABLE cardea.plugin_records (
  collection text COLLATE "C" NOT NULL,
  id uuid NOT NULL,
  revision bigint NOT NULL CHECK (revision >= 1),
  content bytea NOT NULL,
  PRIMARY KEY (collection, id)
);

CREATE TABLE cardea.quota_buckets (
  bucket text COLLATE "C" PRIMARY KEY,
  full_at bigint NOT NULL
) WITH (fillfactor = 50);

CREATE INDEX quota_buckets_by_end ON cardea.quota_buckets (full_at);

CREATE TABLE cardea.nodes (
  id uuid PRIMARY KEY,
  name text COLLATE "C" NOT NULL,
  version text COLLATE "C" NOT NULL,
  lease bigint NOT NULL,
  applied bigint NOT NULL,
  seen timestamptz NOT NULL
) WITH (fillfactor = 10);
