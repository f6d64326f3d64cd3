import BenchSupport
import Foundation

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// `cardea import keysmith` of a database as large as they get, as a process of its own.
enum ImportBenchmarks {
  struct Import: Codable {
    let name: String
    let seconds: Double
    /// The most memory that the process ever had resident, in MiB.
    let peakMebibytes: Double
  }

  static func keysmith(cardea: String, rows: Int) throws -> [Import] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "cardea-bench-import-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = folder.appendingPathComponent("keysmith.sqlite3").path
    print("\nImport\n  filling a database of django-keysmith with \(rows) tokens …")
    try run("/usr/bin/env", ["sqlite3", source, schema + fill(rows)])
    var results: [Import] = []
    for (name, change) in [
      ("\(rows) tokens, \(rows) audit rows", ""),
      ("\(rows) tokens", "DELETE FROM keysmith_token_audit_log;"),
    ] {
      try run("/usr/bin/env", ["sqlite3", source, change])
      let store = "sqlite:" + folder.appendingPathComponent("\(results.count).sqlite3").path
      let began = ContinuousClock.now
      let peak = try run(cardea, ["import", "keysmith", source, "--store", store])
      let took = Double((ContinuousClock.now - began) / .milliseconds(1)) / 1_000
      results.append(Import(name: name, seconds: took, peakMebibytes: peak))
      print("  import of \(name): \(took) s, at most \(Int(peak)) MiB resident")
    }
    return results
  }

  /// Runs a program to its end; the most memory that it ever had resident, in MiB.
  @discardableResult
  private static func run(_ program: String, _ arguments: [String]) throws -> Double {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var words = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    var status: Int32 = 0
    var usage = rusage()
    guard posix_spawn(&child, program, &actions, nil, &words, environ) == 0,
      wait4(child, &status, 0, &usage) == child, status == 0
    else { throw BenchError.failed("\(program) \(arguments.first ?? "") ended badly") }
    #if canImport(Darwin)
      return Double(usage.ru_maxrss) / 1_048_576
    #else
      return Double(usage.ru_maxrss) / 1_024
    #endif
  }

  /// The package's tables as its migrations make them, and Django's as far as it refers to them.
  private static let schema = """
    CREATE TABLE django_migrations (id integer PRIMARY KEY, app varchar(255), name varchar(255),
      applied datetime);
    CREATE TABLE django_content_type (id integer PRIMARY KEY, app_label varchar(100), model varchar(100));
    CREATE TABLE auth_permission (id integer PRIMARY KEY, content_type_id integer, codename varchar(100),
      name varchar(255));
    CREATE TABLE auth_user (id integer PRIMARY KEY, username varchar(150) UNIQUE, is_active bool,
      date_joined datetime);
    CREATE TABLE keysmith_token (id char(32) PRIMARY KEY, name varchar(128), description text,
      token_type varchar(10), key varchar(256) UNIQUE, created_at datetime, expires_at datetime,
      last_used_at datetime, revoked bool, purged bool, created_by_id integer REFERENCES auth_user (id),
      user_id integer REFERENCES auth_user (id), prefix varchar(255) UNIQUE);
    CREATE TABLE keysmith_token_scopes (id integer PRIMARY KEY, token_id char(32) REFERENCES keysmith_token (id),
      permission_id integer REFERENCES auth_permission (id));
    CREATE INDEX keysmith_token_scopes_token ON keysmith_token_scopes (token_id);
    CREATE TABLE keysmith_token_audit_log (id integer PRIMARY KEY, action varchar(64), path text,
      method varchar(10), status_code smallint, ip_address char(39), user_agent text, extra text,
      created_at datetime, token_id char(32) REFERENCES keysmith_token (id));
    INSERT INTO django_migrations VALUES (1, 'keysmith', '0001_initial', '2026-01-01 00:00:00');
    INSERT INTO django_content_type VALUES (1, 'auth', 'user');
    INSERT INTO auth_permission VALUES (1, 1, 'add_user', ''), (2, 1, 'view_user', '');
    """

  /// A user for every ten tokens, two scopes and an audit row for each. Hashes have the shape of real ones: an
  /// import looks no further.
  private static func fill(_ rows: Int) -> String {
    """
    BEGIN;
    CREATE TEMP TABLE n (i integer PRIMARY KEY);
    WITH RECURSIVE m (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM m WHERE i < \(rows)) INSERT INTO n SELECT i FROM m;
    INSERT INTO auth_user SELECT i, 'user' || i, i % 50 > 0, '2025-01-01 00:00:00'
      FROM n WHERE i <= max(1, \(rows) / 10);
    INSERT INTO keysmith_token SELECT lower(hex(randomblob(16))), 'token ' || i, 'for the service ' || i, 'user',
      'pbkdf2_sha512$100000$' || substr(hex(randomblob(11)), 1, 22) || '$' || substr(hex(randomblob(43)), 1, 85)
      || 'A==', '2026-01-01 00:00:00.123456', '2099-01-01 00:00:00', NULL, i % 20 = 0, 0, 1,
      1 + i % max(1, \(rows) / 10), printf('tok_%08d', i) FROM n;
    INSERT INTO keysmith_token_scopes (token_id, permission_id) SELECT t.id, p.id FROM keysmith_token t, auth_permission p;
    INSERT INTO keysmith_token_audit_log SELECT i,
      CASE i % 3 WHEN 0 THEN 'created' WHEN 1 THEN 'auth_success' ELSE 'auth_failed' END, '/orders/' || i, 'GET', 200,
      '192.0.2.' || (i % 250), 'curl/8.5.0', '{"actor_id": ' || (1 + i % max(1, \(rows) / 10)) || '}',
      '2026-02-01 00:00:00.654321', (SELECT id FROM keysmith_token WHERE prefix = printf('tok_%08d', i)) FROM n;
    COMMIT;
    """
  }
}
