import Cardea
import CardeaContracts
import Testing

@testable import CardeaCLI

@Suite("Settings table")
struct SettingsTableTests {
  @Test("every setting has one name, one environment name and documentation")
  func rows() {
    let rows = SettingsTable.rows
    #expect(Set(rows.map(\.name)).count == rows.count)
    #expect(Set(rows.map(\.environmentName)).count == rows.count)
    for row in rows {
      #expect(row.documentation.hasSuffix("."), "\(row.name)")
      #expect(row.name.split(separator: ".").count == 2, "\(row.name)")
      #expect(
        row.name.utf8.allSatisfy {
          (97...122).contains($0) || (48...57).contains($0) || $0 == 95 || $0 == 46
        },
        "\(row.name)")
    }
  }

  @Test("the environment's names are the documented ones")
  func environmentNames() {
    let names = Dictionary(
      uniqueKeysWithValues: SettingsTable.rows.map { ($0.name, $0.environmentName) })
    #expect(
      names == [
        "store.url": "CARDEA_STORE_URL",
        "server.host": "CARDEA_SERVER_HOST",
        "server.port": "CARDEA_SERVER_PORT",
        "server.trusted_proxies": "CARDEA_SERVER_TRUSTED_PROXIES",
        "node.name": "CARDEA_NODE_NAME",
        "token.format": "CARDEA_TOKEN_FORMAT",
        "token.accept": "CARDEA_TOKEN_ACCEPT",
        "token.namespace": "CARDEA_TOKEN_NAMESPACE",
        "token.identifier_length": "CARDEA_TOKEN_IDENTIFIER_LENGTH",
        "token.secret_length": "CARDEA_TOKEN_SECRET_LENGTH",
        "hash.preferred": "CARDEA_HASH_PREFERRED",
        "hash.pbkdf2_iterations": "CARDEA_HASH_PBKDF2_ITERATIONS",
        "hash.argon2_ops": "CARDEA_HASH_ARGON2_OPS",
        "hash.argon2_mib": "CARDEA_HASH_ARGON2_MIB",
        "hash.pepper_files": "CARDEA_HASH_PEPPER_FILES",
        "hash.pool_width": "CARDEA_HASH_POOL_WIDTH",
        "hash.queue_limit": "CARDEA_HASH_QUEUE_LIMIT",
        "hash.deadline": "CARDEA_HASH_DEADLINE",
        "extract.headers": "CARDEA_EXTRACT_HEADERS",
        "extract.schemes": "CARDEA_EXTRACT_SCHEMES",
        "extract.query": "CARDEA_EXTRACT_QUERY",
        "extract.form": "CARDEA_EXTRACT_FORM",
        "extract.basic": "CARDEA_EXTRACT_BASIC",
        "extract.conflict": "CARDEA_EXTRACT_CONFLICT",
        "keys.default_expiry": "CARDEA_KEYS_DEFAULT_EXPIRY",
        "keys.max_per_owner": "CARDEA_KEYS_MAX_PER_OWNER",
        "keys.owner_must_exist": "CARDEA_KEYS_OWNER_MUST_EXIST",
        "keys.expiring_notice": "CARDEA_KEYS_EXPIRING_NOTICE",
        "keys.suspend_unused": "CARDEA_KEYS_SUSPEND_UNUSED",
        "keys.sweep_interval": "CARDEA_KEYS_SWEEP_INTERVAL",
        "keys.usage_interval": "CARDEA_KEYS_USAGE_INTERVAL",
        "owners.first_key": "CARDEA_OWNERS_FIRST_KEY",
        "scopes.available": "CARDEA_SCOPES_AVAILABLE",
        "scopes.default": "CARDEA_SCOPES_DEFAULT",
        "cache.entries": "CARDEA_CACHE_ENTRIES",
        "cache.wrong_entries": "CARDEA_CACHE_WRONG_ENTRIES",
        "cache.lease": "CARDEA_CACHE_LEASE",
        "cache.max_stale": "CARDEA_CACHE_MAX_STALE",
        "signals.max_streams": "CARDEA_SIGNALS_MAX_STREAMS",
        "signals.heartbeat": "CARDEA_SIGNALS_HEARTBEAT",
        "signals.write_timeout": "CARDEA_SIGNALS_WRITE_TIMEOUT",
        "webhooks.enabled": "CARDEA_WEBHOOKS_ENABLED",
        "webhooks.allow": "CARDEA_WEBHOOKS_ALLOW",
        "webhooks.timeout": "CARDEA_WEBHOOKS_TIMEOUT",
        "webhooks.max_endpoints": "CARDEA_WEBHOOKS_MAX_ENDPOINTS",
        "webhooks.concurrency": "CARDEA_WEBHOOKS_CONCURRENCY",
        "webhooks.retry_for": "CARDEA_WEBHOOKS_RETRY_FOR",
        "webhooks.ca_file": "CARDEA_WEBHOOKS_CA_FILE",
        "log.format": "CARDEA_LOG_FORMAT",
        "log.level": "CARDEA_LOG_LEVEL",
        "metrics.enabled": "CARDEA_METRICS_ENABLED",
        "page.enabled": "CARDEA_PAGE_ENABLED",
        "page.hosts": "CARDEA_PAGE_HOSTS",
        "page.session_ttl": "CARDEA_PAGE_SESSION_TTL",
        "page.session_max_age": "CARDEA_PAGE_SESSION_MAX_AGE",
        "audit.tier": "CARDEA_AUDIT_TIER",
        "audit.spool": "CARDEA_AUDIT_SPOOL",
        "audit.on_failure": "CARDEA_AUDIT_ON_FAILURE",
        "audit.retention": "CARDEA_AUDIT_RETENTION",
        "audit.signing_key_file": "CARDEA_AUDIT_SIGNING_KEY_FILE",
        "sessions.enabled": "CARDEA_SESSIONS_ENABLED",
        "sessions.format": "CARDEA_SESSIONS_FORMAT",
        "sessions.ttl": "CARDEA_SESSIONS_TTL",
        "sessions.sliding": "CARDEA_SESSIONS_SLIDING",
        "sessions.max_age": "CARDEA_SESSIONS_MAX_AGE",
        "sessions.entries": "CARDEA_SESSIONS_ENTRIES",
        "sessions.header": "CARDEA_SESSIONS_HEADER",
        "sessions.scheme": "CARDEA_SESSIONS_SCHEME",
        "sessions.issuer": "CARDEA_SESSIONS_ISSUER",
        "sessions.audience": "CARDEA_SESSIONS_AUDIENCE",
        "sessions.signing_key_files": "CARDEA_SESSIONS_SIGNING_KEY_FILES",
        "limits.failed_per_prefix_and_address": "CARDEA_LIMITS_FAILED_PER_PREFIX_AND_ADDRESS",
        "limits.failed_per_address": "CARDEA_LIMITS_FAILED_PER_ADDRESS",
        "limits.entries": "CARDEA_LIMITS_ENTRIES",
        "server.socket": "CARDEA_SERVER_SOCKET",
        "server.tls_cert": "CARDEA_SERVER_TLS_CERT",
        "server.tls_key": "CARDEA_SERVER_TLS_KEY",
        "server.max_connections": "CARDEA_SERVER_MAX_CONNECTIONS",
        "server.request_timeout": "CARDEA_SERVER_REQUEST_TIMEOUT",
        "server.idle_timeout": "CARDEA_SERVER_IDLE_TIMEOUT",
        "limits.leak_reports": "CARDEA_LIMITS_LEAK_REPORTS",
        "errors.missing": "CARDEA_ERRORS_MISSING",
        "errors.invalid": "CARDEA_ERRORS_INVALID",
        "errors.insufficient_scope": "CARDEA_ERRORS_INSUFFICIENT_SCOPE",
        "errors.rate_limited": "CARDEA_ERRORS_RATE_LIMITED",
        "page.max_sessions": "CARDEA_PAGE_MAX_SESSIONS",
        "page.owners": "CARDEA_PAGE_OWNERS",
        "page.name": "CARDEA_PAGE_NAME",
        "page.colour": "CARDEA_PAGE_COLOUR",
        "page.frame_ancestors": "CARDEA_PAGE_FRAME_ANCESTORS",
        "page.templates": "CARDEA_PAGE_TEMPLATES",
      ])
  }

  @Test("every default reads back through its own row", arguments: SettingsTable.rows.map(\.name))
  func defaultsAreValid(name: String) throws {
    let row = try #require(SettingsTable.rows.first { $0.name == name })
    let text = try #require(row.defaultText)
    let section = name.split(separator: ".")
    let written = text.isEmpty ? "\"\"" : text
    let result = readSettings("\(section[0]):\n  \(section[1]): \(written)\n")
    #expect(result.faults == [])
    #expect(result.settings.origin(name) == .file(path: "cardea.yaml", line: 2))
  }

  @Test("the defaults are those of the kernel")
  func defaultsAreTheKernels() {
    let settings = readSettings().settings
    let kernel = KernelConfiguration()
    #expect(settings.kernelConfiguration == kernel)
    var faults: [ConfigurationFault] = []
    let sessions = settings.standardOptions(&faults).sessions
    #expect("\(sessions)" == "\(SessionOptions())")
    #expect(faults == [])
  }

  @Test("rates and texts reach the kernel")
  func ratesAndTexts() {
    let yaml = """
      limits: { failed_per_address: off, failed_per_prefix_and_address: 5/1h, entries: 77 }
      errors: { missing: Bring a key., rate_limited: Slow down. }
      """
    let result = readSettings(yaml)
    #expect(result.faults == [])
    let kernel = result.settings.kernelConfiguration
    #expect(kernel.failedPerAddress == nil)
    #expect(kernel.failedPerPrefixAndAddress == Rate(5, per: .seconds(3_600)))
    #expect(kernel.limitEntries == 77)
    #expect(kernel.refusalTexts.missing == "Bring a key.")
    #expect(kernel.refusalTexts.unauthenticated == nil)
    #expect(kernel.refusalTexts.byReason == [.rateLimited: "Slow down."])
  }

  @Test(
    "what is no rate, or no line, is named",
    arguments: [
      ("limits.failed_per_address", "10"), ("limits.failed_per_address", "0/1m"),
      ("limits.failed_per_address", "10/never"), ("limits.failed_per_address", "ten/1m"),
      ("limits.failed_per_prefix_and_address", "\"\""), ("limits.entries", "0"),
      ("errors.missing", "\"a\\nb\""), ("errors.invalid", "\"\\e[1m\""),
    ])
  func malformed(name: String, value: String) {
    let faults = readSettings("\(name): \(value)\n").faults
    #expect(faults.map(\.setting) == [name])
    #expect(faults.allSatisfy { !$0.remedy.isEmpty && !$0.problem.isEmpty })
  }

  @Test("every setting is read from the environment", arguments: SettingsTable.rows.map(\.name))
  func everyRowFromEnvironment(name: String) throws {
    let row = try #require(SettingsTable.rows.first { $0.name == name })
    var text = try #require(row.defaultText)
    if row.type == .strings { text = String(text.dropFirst().dropLast()) }
    let result = readSettings(environment: [row.environmentName: text])
    #expect(result.faults == [])
    #expect(result.settings.origin(name) == .environment(row.environmentName))
  }

  @Test(
    "a database elsewhere that anybody between could stand in for is named by check",
    arguments: [
      ("postgres://db.example.org/cardea", true),
      ("postgres://db.example.org/cardea?sslmode=require", true),
      ("postgres://db.example.org/cardea?sslmode=verify-full", false),
      ("postgres://127.0.0.1/cardea", false), ("sqlite:cardea.sqlite3", false),
    ])
  func unverifiedStore(url: String, isNamed: Bool) {
    let findings = SafetyCheck.findings(readSettings("store:\n  url: '\(url)'\n").settings)
    let named = findings.filter { $0.code == "store_unverified" }
    #expect(named.map(\.level) == (isNamed ? [.warning] : []))
    #expect(named.allSatisfy { $0.message.contains("sslmode=verify-full") })
  }
}
