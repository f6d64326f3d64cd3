import Cardea
import CardeaPostgreSQL
import CardeaSQLite
import CardeaServer

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What is allowed, but not safe.
enum SafetyCheck {
  /// Of the settings alone.
  static func findings(_ settings: Settings) -> [Finding] {
    var findings: [Finding] = []
    let host = settings[SettingsTable.host]
    let isLoopback = host == "localhost" || IPAddress(host)?.isLoopback ?? false
    let proxies = settings[SettingsTable.trustedProxies]
    let listens = settings[SettingsTable.socket].isEmpty
    if listens, !isLoopback, proxies.isEmpty, TLSSetup.files(settings) == nil {
      findings.append(
        .warning(
          "exposed",
          "the server listens on \(host) without a trusted proxy: without TLS in front, tokens "
            + "cross the network in clear. Name the proxy in server.trusted_proxies"))
    }
    if listens, isLoopback, proxies.isEmpty {
      findings.append(
        .note(
          "no_client_address",
          "behind a proxy on this machine no client has an address of its own, so nothing can be "
            + "limited by address. Name the proxy in server.trusted_proxies"))
    }
    if proxies.contains(where: { $0.hasSuffix("/0") }) {
      findings.append(
        .warning(
          "trusts_everybody",
          "server.trusted_proxies believes every address, so a client can claim any address"))
    }
    if !settings[SettingsTable.query].isEmpty {
      findings.append(
        .warning(
          "query_tokens", "extract.query takes tokens from URLs, which end in logs and referrers"))
    }
    if settings[SettingsTable.conflict] == "first" {
      findings.append(
        .warning(
          "conflict_first", "extract.conflict: first takes one of two different tokens silently"))
    }
    if settings[SettingsTable.maxStale] > .zero {
      findings.append(
        .warning(
          "serves_stale",
          "cache.max_stale lets a key that was revoked elsewhere work on while the store is away"))
    }
    if settings[SettingsTable.lease] > SettingsTable.lease.defaultValue {
      findings.append(
        .note(
          "long_lease",
          "cache.lease lets a key that was revoked by another process work on for up to "
            + DurationText.finite(settings[SettingsTable.lease]).description))
    }
    if (try? PostgreSQLURL(settings[SettingsTable.storeURL]))?.isExposed ?? false {
      findings.append(
        .warning(
          "store_unverified",
          "store.url lets whoever stands between answer in the database's place, and so let anybody in: "
            + "give it sslmode=verify-full and sslrootcert"))
    }
    findings += hashFindings(settings) + limitFindings(settings) + auditFindings(settings)
    if settings[SettingsTable.sessionsEnabled], settings[SettingsTable.sessionFormat] == "jwt",
      settings[SettingsTable.signingKeyFiles].isEmpty
    {
      findings.append(
        .note(
          "sessions_key_drawn",
          "sessions.signing_key_files names no key, so each process draws its own: session tokens "
            + "end with the process, and no other node takes them. Make one: "
            + "openssl genpkey -algorithm ed25519 -out FILE"))
    }
    if settings[SettingsTable.sessionsEnabled], settings[SettingsTable.sessionFormat] == "jwt",
      settings[SettingsTable.sessionTTL] > .seconds(300)
    {
      findings.append(
        .warning(
          "sessions_outlive_keys",
          "sessions.ttl lets whoever verifies a session token without asking take it for more than "
            + "five minutes after its key was revoked"))
    }
    if settings[SettingsTable.defaultExpiry] == nil {
      findings.append(
        .note("no_expiry", "keys.default_expiry: never makes keys that live until they are revoked")
      )
    }
    return findings
  }

  /// The least of OWASP's Password Storage Cheat Sheet for Argon2id, in passes times MiB: 5 × 7.
  private static let leastArgon2Work = 35

  private static func hashFindings(_ settings: Settings) -> [Finding] {
    var findings: [Finding] = []
    let preferred = settings[SettingsTable.hashPreferred]
    if preferred == "pbkdf2_sha512",
      settings[SettingsTable.pbkdf2Iterations] < SettingsTable.pbkdf2Iterations.defaultValue
    {
      findings.append(
        .warning(
          "weak_hash",
          "hash.pbkdf2_iterations is below \(SettingsTable.pbkdf2Iterations.defaultValue): a stolen "
            + "database is searched the faster"))
    }
    let work = settings[SettingsTable.argon2Ops] * settings[SettingsTable.argon2MiB]
    if preferred == "argon2id", work < leastArgon2Work {
      findings.append(
        .warning(
          "weak_hash",
          "hash.argon2_ops times hash.argon2_mib is below \(leastArgon2Work): a stolen database is "
            + "searched the faster"))
    }
    return findings
  }

  private static func limitFindings(_ settings: Settings) -> [Finding] {
    let unlimited = [SettingsTable.failedPerPair, SettingsTable.failedPerAddress].filter {
      settings[$0] == nil
    }
    return unlimited.map {
      .warning(
        "failed_attempts_unlimited",
        "\($0.name): off lets failed attempts be made as fast as the server answers")
    }
  }

  private static func auditFindings(_ settings: Settings) -> [Finding] {
    var findings: [Finding] = []
    switch AuditTier(rawValue: settings[SettingsTable.auditTier]) {
    case .off:
      findings.append(
        .warning("audit_off", "audit.tier: off records nowhere who was let in and who was not"))
    case .failures:
      findings.append(
        .warning("audit_partial", "audit.tier: failures records nowhere who was let in"))
    case .async:
      findings.append(
        .warning(
          "audit_lossy",
          "audit.tier: async loses what waits in memory when the process is killed, and drops what "
            + "finds no room"))
    case .process, .commit, nil: break
    }
    if settings[SettingsTable.auditOnFailure] == "allow" {
      findings.append(
        .warning(
          "audit_fails_open",
          "audit.on_failure: allow lets requests pass that could not be recorded"))
    }
    return findings
  }

  /// Whoever may write the file, or put another in its place, makes a key for anything.
  private static func fileFindings(_ path: String) -> [Finding] {
    var findings = ["", "-wal", "-shm"].map { path + $0 }
      .filter { FileHealth($0).isWritableByOthers }
      .map { path in
        Finding.warning(
          "file_writable_by_others",
          "\(path) can be written by others, who can let themselves in so: chmod 600")
      }
    let folder = URL(filePath: path).deletingLastPathComponent().path
    if FileHealth(folder).letsAnybodyReplace {
      findings.append(
        .warning(
          "folder_writable_by_others",
          "\(folder), where the store lies, can be written by anybody, who can put another store in its "
            + "place so: chmod 700"))
    }
    return findings
  }

  /// Of what the store holds, and of its files.
  static func findings(_ kernel: AuthKernel) async throws -> [Finding] {
    var findings = (kernel.store as? SQLiteStore).map { fileFindings($0.path) } ?? []
    if kernel.plugins.contains(where: { $0.id == RefillingQuotaPolicy.id }), !kernel.sharesLimits {
      findings.append(
        .note(
          "quota_in_memory",
          "plugins.policy.quota counts in the process's memory with this store: a restart fills every "
            + "quota up, and several servers count each for itself"))
    }
    if kernel.namesNodes { _ = try await kernel.nodes() }
    findings += kernel.nodeWarnings.map { .warning($0.code, $0.detail) }
    guard try await kernel.store.logHead().position > 0 else {
      findings.append(
        .warning("no_key", "the store has no key yet. Make the first with cardea init"))
      return findings
    }
    var query = KeyQuery(now: kernel.clock.now(), limit: 1_000)
    query.scope = ScopeSet.admin
    query.state = .active
    var count = 0
    repeat {
      let page = try await kernel.keys(query)
      count += page.items.count
      for stored in page.items where stored.key.expiresAt == nil {
        findings.append(
          .note(
            "admin_never_expires",
            "the admin key \(stored.key.prefix) (\(stored.key.name)) never expires"))
      }
      query.after = page.cursor(in: query.sort)
    } while query.after != nil
    if count == 0 {
      findings.append(
        .warning(
          "no_admin", "no active key holds cardea:admin. Make one with cardea init --new-admin"))
    }
    return findings
  }
}
