import Cardea
import Logging

/// Every setting of the settings file but those of plugins: name, type, default, flag,
/// documentation. The name in the environment follows from the name. Nothing reads a setting that
/// is not declared here.
package enum SettingsTable {
  // MARK: store
  package static let storeURL = Setting.text(
    "store.url", default: "sqlite:cardea.sqlite3", flag: "--store",
    "Where keys are kept: sqlite:PATH, postgres://USER@HOST/DATABASE or memory:.")

  // MARK: server
  package static let host = Setting.text(
    "server.host", default: "127.0.0.1", flag: "--host",
    "The address that the server listens on.", check: SettingCheck.notEmpty)
  package static let port = Setting.integer(
    "server.port", default: 8420, in: 0...65_535, flag: "--port",
    "The TCP port that the server listens on; 0 takes any free one.")
  package static let socket = Setting.text(
    "server.socket", default: "", flag: "--socket",
    "A Unix domain socket to listen on instead; who may open it (mode 0660) is a proxy that is "
      + "believed.")
  package static let tlsCert = Setting.text(
    "server.tls_cert", default: "", flag: "--tls-cert",
    "A PEM file with the certificate to speak TLS with, and those that lead to a root; it is read "
      + "anew when it changes.")
  package static let tlsKey = Setting.text(
    "server.tls_key", default: "", flag: "--tls-key",
    "A PEM file with that certificate's private key.")
  package static let maxConnections = Setting.integer(
    "server.max_connections", default: 10_000, in: 1...1_000_000,
    "Connections at once; the next one waits until one has gone.")
  package static let requestTimeout = Setting.duration(
    "server.request_timeout", default: .seconds(30), written: "30s",
    in: .milliseconds(100)...(.seconds(3_600)),
    "How long a client may take over a request's head, and then over its body.")
  package static let idleTimeout = Setting.duration(
    "server.idle_timeout", default: .seconds(75), written: "75s",
    in: .milliseconds(100)...(.seconds(3_600)),
    "How long a connection may stay idle between requests.")
  package static let trustedProxies = Setting.texts(
    "server.trusted_proxies", default: [],
    "Networks (CIDR) of the proxies whose forwarding headers are believed.",
    check: SettingCheck.network)

  // MARK: node
  package static let nodeName = Setting.text(
    "node.name", default: "",
    "This server's name in receipts, of each node of a store its own. Empty: host and port, or local "
      + "for a store on one machine.", check: SettingCheck.nodeName)

  // MARK: token
  package static let tokenFormat = Setting.text(
    "token.format", default: "keysmith",
    "The format of new tokens: keysmith (tok_ab12CD34:…), underscore (tok_ab12CD34_…) or dotted "
      + "(ab12CD34.…).",
    check: SettingCheck.notEmpty)
  package static let tokenAccept = Setting.texts(
    "token.accept", default: [],
    "Formats that are accepted besides token.format; [] accepts every one there is, plain once "
      + "the store holds a key of it.")
  package static let namespace = Setting.text(
    "token.namespace", default: "tok", "What new prefixes start with, before the last underscore.",
    check: SettingCheck.namespace)
  package static let identifierLength = Setting.integer(
    "token.identifier_length", default: 8, in: 4...64,
    "Characters of a prefix after the namespace.")
  package static let secretLength = Setting.integer(
    "token.secret_length", default: 32, in: 16...128, "Random characters of a token's secret.")

  // MARK: hash
  package static let hashPreferred = Setting.text(
    "hash.preferred", default: "pbkdf2_sha512",
    "The algorithm for new secrets: pbkdf2_sha512, argon2id or hmac_sha256.",
    check: SettingCheck.notEmpty)
  package static let pbkdf2Iterations = Setting.integer(
    "hash.pbkdf2_iterations", default: 100_000, in: 10_000...10_000_000,
    "Iterations of pbkdf2_sha512.")
  package static let argon2Ops = Setting.integer(
    "hash.argon2_ops", default: 2, in: 1...10, "Passes of argon2id over its memory.")
  package static let argon2MiB = Setting.integer(
    "hash.argon2_mib", default: 19, in: 7...512, "Memory of one argon2id hash in MiB.")
  package static let pepperFiles = Setting.texts(
    "hash.pepper_files", default: [],
    "Pepper files of hmac_sha256 as VERSION=PATH; the first makes new hashes.",
    check: SettingCheck.versionedPath)
  package static let poolWidth = Setting.integer(
    "hash.pool_width", default: 0, in: 0...1_024,
    "Threads that run slow hashes; 0 takes one per core.")
  package static let queueLimit = Setting.integer(
    "hash.queue_limit", default: 256, in: 0...1_000_000,
    "Slow hashes that may wait for a thread; more are answered 503.")
  package static let hashDeadline = Setting.duration(
    "hash.deadline", default: .seconds(2), written: "2s", in: .milliseconds(1)...(.seconds(60)),
    "The longest that a slow hash may wait for a thread.")

  // MARK: extract
  package static let headers = Setting.texts(
    "extract.headers", default: ["X-API-Key", "X-KEYSMITH-TOKEN", "X-Api-Authorization"],
    "Headers that may carry a token.", identity: { $0.lowercased() }, check: SettingCheck.fieldName)
  package static let schemes = Setting.texts(
    "extract.schemes", default: ["Api-Key", "Bearer"],
    "Schemes of the Authorization header that may carry a token.", identity: { $0.lowercased() },
    check: SettingCheck.fieldName)
  package static let query = Setting.texts(
    "extract.query", default: [],
    "Query parameters that may carry a token. URLs end in logs: leave it empty if you can.",
    identity: { $0 }, check: SettingCheck.queryName)
  package static let form = Setting.texts(
    "extract.form", default: [], "Form fields that may carry a token.",
    identity: { $0 }, check: SettingCheck.itemName)
  package static let basic = Setting.boolean(
    "extract.basic", default: false, "Whether the password of Basic authentication may be a token.")
  package static let conflict = Setting.text(
    "extract.conflict", default: "refuse",
    "What to do with two different tokens in one request: refuse it, or take the first.",
    check: SettingCheck.oneOf(["refuse", "first"]))

  // MARK: keys
  package static let defaultExpiry = Setting.durationOrNever(
    "keys.default_expiry", default: .seconds(90 * 86_400), written: "90d",
    in: .seconds(1)...LifecycleRules.longestLife,
    "How long a key lives that is made without an expiry.")
  package static let maxPerOwner = Setting.integer(
    "keys.max_per_owner", default: -1, in: -1...1_000_000_000,
    "Keys that an owner may have who is made without a limit; -1 is any number.")
  package static let ownerMustExist = Setting.boolean(
    "keys.owner_must_exist", default: false,
    "Whether a key for an unknown owner is refused; else the owner is made with it.")

  package static let expiringNotice = Setting.texts(
    "keys.expiring_notice", default: ["30d", "7d", "1d"],
    "How long before its expiry a key is announced (key_expiring): whole days.",
    identity: { $0 }, check: SettingCheck.days)
  package static let suspendUnused = Setting.durationOrNever(
    "keys.suspend_unused", default: nil, written: "never",
    in: .seconds(86_400)...(.seconds(36_500 * 86_400)),
    "Keys that nobody used for so long are suspended, except those with cardea:admin.")
  package static let sweepInterval = Setting.durationOrNever(
    "keys.sweep_interval", default: .seconds(60), written: "1m",
    in: .seconds(1)...(.seconds(86_400)),
    "How often expiring, expired and unused keys are looked for.")
  package static let usageInterval = Setting.duration(
    "keys.usage_interval", default: .seconds(5), written: "5s",
    in: .seconds(1)...(.seconds(86_400)),
    "How often last use and usage counts are written to the store; a kill loses what came since.")

  // MARK: owners
  package static let firstKey = Setting.text(
    "owners.first_key", default: "",
    "The name of a key that is issued with every owner who is created; empty issues none.",
    check: SettingCheck.keyName)

  // MARK: scopes
  package static let availableScopes = Setting.texts(
    "scopes.available", default: [],
    "If not empty, the only scopes that keys may hold, besides cardea: ones.",
    check: SettingCheck.scope)
  package static let defaultScopes = Setting.texts(
    "scopes.default", default: [], "The scopes of a key that is made without any.",
    check: SettingCheck.scope)

  // MARK: cache
  package static let cacheEntries = Setting.integer(
    "cache.entries", default: 100_000, in: 0...100_000_000,
    "Tokens whose match is remembered in memory.")
  package static let wrongEntries = Setting.integer(
    "cache.wrong_entries", default: 10_000, in: 0...100_000_000,
    "Wrong tokens of existing keys that are remembered in memory.")
  package static let lease = Setting.duration(
    "cache.lease", default: .seconds(1), written: "1s", in: .milliseconds(20)...(.seconds(60)),
    "How long memory is trusted after the store last confirmed it: by then another process's "
      + "revocation is obeyed.")
  package static let maxStale = Setting.duration(
    "cache.max_stale", default: .zero, written: "0s", in: .zero...(.seconds(60)),
    "How long known keys are still allowed while the store can't be reached.")

  // MARK: sessions
  package static let sessionsEnabled = Setting.boolean(
    "sessions.enabled", default: true,
    "Whether POST /v1/sessions exchanges a key for a session token.")
  package static let sessionFormat = Setting.text(
    "sessions.format", default: "jwt",
    "Session tokens: jwt, which others can verify by themselves, or opaque, which only the process "
      + "that made them knows.",
    check: SettingCheck.oneOf(SessionOptions.Format.allCases.map(\.rawValue)))
  package static let sessionTTL = Setting.duration(
    "sessions.ttl", default: .seconds(300), written: "5m", in: .seconds(1)...(.seconds(3_600)),
    "How long a session lives: the longest that whoever verifies a JWT without asking goes on "
      + "taking it after its key was revoked.")
  package static let sessionSliding = Setting.boolean(
    "sessions.sliding", default: false,
    "Whether each use lets an opaque session live for another sessions.ttl.")
  package static let sessionMaxAge = Setting.duration(
    "sessions.max_age", default: .seconds(43_200), written: "12h",
    in: .seconds(1)...(.seconds(30 * 86_400)),
    "How long a session that slides may live altogether.")
  package static let sessionEntries = Setting.integer(
    "sessions.entries", default: 100_000, in: 4...10_000_000,
    "Opaque sessions, or log-outs from JWTs, that are remembered in memory; of one key a quarter.")
  package static let sessionHeader = Setting.text(
    "sessions.header", default: "X-Session-Token",
    "The header that carries a session token; empty for none.", check: SettingCheck.fieldName)
  package static let sessionScheme = Setting.text(
    "sessions.scheme", default: "Bearer",
    "The scheme of the Authorization header that carries a session token; empty for none.",
    check: SettingCheck.fieldName)
  package static let sessionIssuer = Setting.text(
    "sessions.issuer", default: "cardea", "The claim iss of session JWTs.",
    check: SettingCheck.claim)
  package static let sessionAudience = Setting.text(
    "sessions.audience", default: "cardea", "The claim aud of session JWTs.",
    check: SettingCheck.claim)
  package static let signingKeyFiles = Setting.texts(
    "sessions.signing_key_files", default: [],
    "Ed25519 keys of session JWTs (PKCS#8, PEM); the first signs, the others are still accepted. "
      + "[] draws one that ends with the process.", identity: { $0 }, check: SettingCheck.notEmpty)

  // MARK: limits
  package static let failedPerPair = Setting.rate(
    "limits.failed_per_prefix_and_address", default: Rate(10, per: .seconds(60)), written: "10/1m",
    "Failed attempts on one prefix from one address; more are answered 429. off is no limit.")
  package static let failedPerAddress = Setting.rate(
    "limits.failed_per_address", default: Rate(100, per: .seconds(60)), written: "100/1m",
    "Failed attempts from one address (an IPv6 /64); more are answered 429. off is no limit. "
      + "Tokens that no format can read do not count.")
  package static let limitEntries = Setting.integer(
    "limits.entries", default: 100_000, in: 1...100_000_000,
    "Addresses, and pairs of prefix and address, whose failed attempts are remembered, each.")
  package static let leakReports = Setting.rate(
    "limits.leak_reports", default: Rate(60, per: .seconds(60)), written: "60/1m",
    "Reports to POST /v1/leaked from one address; more are answered 429. off is no limit.")

  // MARK: errors
  package static let missingText = Setting.text(
    "errors.missing", default: "",
    "What a request without a token is told. Empty: as errors.invalid.", check: SettingCheck.line)
  package static let invalidText = Setting.text(
    "errors.invalid", default: "",
    "What a token that is no good is told, whatever is wrong with it. Empty: as errors.missing.",
    check: SettingCheck.line)
  package static let scopeText = Setting.text(
    "errors.insufficient_scope", default: "", "What a key is told that lacks a scope.",
    check: SettingCheck.line)
  package static let limitedText = Setting.text(
    "errors.rate_limited", default: "", "What a client is told that ran over a limit.",
    check: SettingCheck.line)

  // MARK: audit
  package static let auditTier = Setting.text(
    "audit.tier", default: "process",
    "When an authentication is recorded: process (in the spool file before the answer), commit (synced to "
      + "disk before the answer), async (in a bounded queue), failures (as process, denials only) or off.",
    check: SettingCheck.oneOf(AuditTier.allCases.map(\.rawValue)))
  package static let auditSpool = Setting.text(
    "audit.spool", default: "",
    "The folder of this node's spool. Empty: beside a SQLite store, named for it; else cardea-spool."
  )
  package static let auditOnFailure = Setting.text(
    "audit.on_failure", default: "deny",
    "What becomes of an authentication that can't be recorded: deny, or allow.",
    check: SettingCheck.oneOf(["deny", "allow"]))
  package static let auditRetention = Setting.durationOrNever(
    "audit.retention", default: nil, written: "never",
    in: .seconds(3_600)...(.seconds(36_500 * 86_400)),
    "How old entries of both logs may become before the server prunes them; payloads of the signal log in "
      + "PostgreSQL up to a tenth older.")
  package static let auditSigningKey = Setting.text(
    "audit.signing_key_file", default: "",
    "The file of the Ed25519 key that signs checkpoints of both logs: cardea audit init-key.")

  // MARK: signals
  package static let maxStreams = Setting.integer(
    "signals.max_streams", default: 1_000, in: 0...1_000_000,
    "Answers to GET /v1/signals that may be open at once; one more is answered 503.")
  package static let heartbeat = Setting.duration(
    "signals.heartbeat", default: .seconds(15), written: "15s",
    in: .milliseconds(100)...(.seconds(300)),
    "How often a stream of signals shows that it lives, and its key is looked at.")
  package static let writeTimeout = Setting.duration(
    "signals.write_timeout", default: .seconds(30), written: "30s",
    in: .milliseconds(100)...(.seconds(3_600)),
    "How long the client of a stream may take nothing before it is dropped; told at a heartbeat.")

  // MARK: page
  package static let pageEnabled = Setting.boolean(
    "page.enabled", default: true, "Whether there is a page for people at /admin/.")
  package static let pageHosts = Setting.texts(
    "page.hosts", default: [],
    "Host names under which the page answers, besides addresses and localhost.",
    identity: { $0.lowercased() }, check: SettingCheck.hostName)
  package static let pageSessionTTL = Setting.duration(
    "page.session_ttl", default: .seconds(1_800), written: "30m",
    in: .seconds(60)...(.seconds(86_400)),
    "How long a session on the page lives without being used.")
  package static let pageSessionMaxAge = Setting.duration(
    "page.session_max_age", default: .seconds(43_200), written: "12h",
    in: .seconds(60)...(.seconds(30 * 86_400)),
    "How long a session on the page may live altogether.")
  package static let pageMaxSessions = Setting.integer(
    "page.max_sessions", default: 10_000, in: 100...1_000_000,
    "Sessions at once on each page, at most some 8 KiB of memory each; the one used least lately goes."
  )
  package static let pageOwners = Setting.boolean(
    "page.owners", default: true, "Whether owners have a page of their own at /keys/.")
  package static let pageName = Setting.text(
    "page.name", default: "Cardea", "What the owners' page is called: the name of your service.",
    check: SettingCheck.pageName)
  package static let pageColour = Setting.text(
    "page.colour", default: "",
    "The colour of buttons and links on the owners' page, such as #0f766e.",
    check: SettingCheck.colour)
  package static let pageFrameAncestors = Setting.texts(
    "page.frame_ancestors", default: [],
    "Origins whose pages may show the owners' page in a frame, such as https://app.example.com.",
    identity: { $0.lowercased() }, check: SettingCheck.origin)
  package static let pageTemplates = Setting.text(
    "page.templates", default: "",
    "A folder whose files replace the built-in templates of the same name; looked at when it starts."
  )

  // MARK: webhooks
  package static let webhooksEnabled = Setting.boolean(
    "webhooks.enabled", default: true,
    "Whether the server delivers webhooks and has /v1/webhooks.")
  package static let webhooksAllow = Setting.texts(
    "webhooks.allow", default: [],
    "Networks that webhooks may go to although they are not public, also over http, such as "
      + "10.1.0.0/16.", check: SettingCheck.network)
  package static let webhooksTimeout = Setting.duration(
    "webhooks.timeout", default: .seconds(15), written: "15s",
    in: .milliseconds(100)...(.seconds(120)),
    "How long the endpoint of a webhook may take to answer.")
  package static let webhooksMax = Setting.integer(
    "webhooks.max_endpoints", default: 100, in: 0...1_000, "Endpoints that may be made.")
  package static let webhooksConcurrency = Setting.integer(
    "webhooks.concurrency", default: 8, in: 1...64,
    "Deliveries that may be under way at once, each to another endpoint and on a thread.")
  package static let webhooksRetryFor = Setting.duration(
    "webhooks.retry_for", default: .seconds(86_400), written: "24h",
    in: .seconds(1)...(.seconds(30 * 86_400)),
    "How long a signal is tried before it becomes a dead letter.")
  package static let webhooksCAFile = Setting.text(
    "webhooks.ca_file", default: "",
    "Certificates (PEM) that endpoints are trusted by in place of the system's.")

  // MARK: log
  package static let logFormat = Setting.text(
    "log.format", default: "text", "How the server writes its log to stderr: text or json.",
    check: SettingCheck.oneOf(LogLineHandler.Format.allCases.map(\.rawValue)))
  package static let logLevel = Setting.text(
    "log.level", default: "notice",
    "What the server logs: trace, debug, info (a line per request), notice, warning, error or critical.",
    check: SettingCheck.oneOf(Logger.Level.allCases.map(\.rawValue)))

  // MARK: metrics
  package static let metricsEnabled = Setting.boolean(
    "metrics.enabled", default: true,
    "Whether the server measures itself and has GET /metrics, for keys with cardea:metrics:read.")

  /// Every setting, in the order of the documentation.
  package static let rows: [SettingRow] = [
    storeURL.row, host.row, port.row, socket.row, tlsCert.row, tlsKey.row, maxConnections.row,
    requestTimeout.row,
    idleTimeout.row, trustedProxies.row,
    nodeName.row, tokenFormat.row, tokenAccept.row, namespace.row, identifierLength.row,
    secretLength.row,
    hashPreferred.row, pbkdf2Iterations.row, argon2Ops.row, argon2MiB.row, pepperFiles.row,
    poolWidth.row, queueLimit.row, hashDeadline.row,
    headers.row, schemes.row, query.row, form.row, basic.row, conflict.row,
    defaultExpiry.row, maxPerOwner.row, ownerMustExist.row, expiringNotice.row, suspendUnused.row,
    sweepInterval.row, usageInterval.row, firstKey.row,
    availableScopes.row, defaultScopes.row,
    cacheEntries.row, wrongEntries.row, lease.row, maxStale.row,
    sessionsEnabled.row, sessionFormat.row, sessionTTL.row, sessionSliding.row, sessionMaxAge.row,
    sessionEntries.row, sessionHeader.row, sessionScheme.row, sessionIssuer.row,
    sessionAudience.row, signingKeyFiles.row,
    failedPerPair.row, failedPerAddress.row, limitEntries.row, leakReports.row,
    missingText.row, invalidText.row, scopeText.row, limitedText.row,
    auditTier.row, auditSpool.row, auditOnFailure.row, auditRetention.row, auditSigningKey.row,
    maxStreams.row, heartbeat.row, writeTimeout.row,
    pageEnabled.row, pageHosts.row, pageSessionTTL.row, pageSessionMaxAge.row,
    pageMaxSessions.row, pageOwners.row, pageName.row, pageColour.row, pageFrameAncestors.row,
    pageTemplates.row,
    webhooksEnabled.row, webhooksAllow.row, webhooksTimeout.row, webhooksMax.row,
    webhooksConcurrency.row, webhooksRetryFor.row, webhooksCAFile.row,
    logFormat.row, logLevel.row, metricsEnabled.row,
  ]
}
