import CardeaTestFixtures
import Foundation
import Testing

@Suite("cardea import")
struct ImportTests {
  private static let keysmith = Fixture.path("Oracle/keysmith.sqlite3")

  /// Makes a database of the given SQL with the `sqlite3` that tests need anyway.
  private func database(_ program: CardeaProgram, _ name: String, _ sql: String) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["sqlite3", program.path(name)]
    let input = Pipe()
    process.standardInput = input
    try process.run()
    try input.fileHandleForWriting.write(contentsOf: Data(sql.utf8))
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
  }

  private func report(_ result: CardeaProgram.Result) throws -> [String: Any] {
    try #require(result.json, "\(result.err)")
  }

  private func reasons(_ report: [String: Any], _ list: String = "refused") -> [String] {
    (report[list] as? [[String: String]])?.compactMap { $0["reason"] } ?? []
  }

  @Test("a dry run reports and leaves nothing behind; the import does what it said; again, nothing")
  func dryRunThenTwice() throws {
    let program = try CardeaProgram()
    let before = try Data(contentsOf: URL(filePath: ImportTests.keysmith))
    var dry = try report(
      try program.run("import", "keysmith", ImportTests.keysmith, "--dry-run", "--json"))
    #expect(try program.names() == [])
    var done = try report(try program.run("import", "keysmith", ImportTests.keysmith, "--json"))
    #expect(dry.removeValue(forKey: "dry_run") as? Bool == true)
    #expect(done.removeValue(forKey: "dry_run") as? Bool == false)
    #expect(NSDictionary(dictionary: dry) == NSDictionary(dictionary: done))
    #expect(done["imported"] as? Int == 19)
    #expect(
      done["states"] as? [String: Int] == ["active": 12, "expired": 1, "purged": 2, "revoked": 4])
    let rows = done["refused"] as? [[String: String]] ?? []
    #expect(rows.count == 1)
    #expect(rows.first?["row"]?.contains("clé_Yu29tYXY") == true)
    let again = try report(try program.run("import", "keysmith", ImportTests.keysmith, "--json"))
    #expect(again["imported"] as? Int == 0)
    #expect(again["already_here"] as? Int == 19)
    #expect(try Data(contentsOf: URL(filePath: ImportTests.keysmith)) == before)
    #expect(try program.names() == ["cardea.sqlite3"])
  }

  @Test("records: dates, scopes in both forms, owners marked, tombstones, ids that stay")
  func records() throws {
    let program = try CardeaProgram()
    #expect(try program.run("import", "keysmith", ImportTests.keysmith).status == 0)
    let scoped = try #require(try program.run("keys", "show", "tok_bNG5V0jc", "--json").json)
    #expect(scoped["scopes"] as? [String] == ["add_user"])
    #expect(scoped["owner"] as? String == "alice")
    #expect(scoped["created_by"] as? String == "import")
    #expect(scoped["created_at"] as? String == "2026-11-21T00:29:42.521Z")
    #expect(scoped["expires_at"] as? String == "2099-01-01T00:00:00.000Z")
    #expect(scoped["last_used_at"] as? String == "2026-11-21T00:29:44.649Z")
    let metadata = try #require(scoped["metadata"] as? [String: Any])
    #expect(metadata["keysmith_scopes"] as? [String] == ["auth.add_user"])
    #expect(metadata["keysmith_created_by"] as? String == "admin")
    let purged = try #require(try program.run("keys", "show", "tok_3KrfTaqW", "--json").json)
    #expect(purged["state"] as? String == "purged")
    #expect(purged["name"] as? String == "")
    let bob = try #require(try program.run("owners", "show", "bob", "--json").json)
    #expect(bob["disabled"] as? Bool == false)
    #expect((bob["metadata"] as? [String: Any])?["inactive"] as? Bool == true)
    // The same row has the same id in another store.
    let other = try CardeaProgram()
    #expect(
      try other.run("import", "keysmith", ImportTests.keysmith, "--disable-inactive-owners").status
        == 0)
    let same = try #require(try other.run("keys", "show", "tok_bNG5V0jc", "--json").json)
    #expect(same["id"] as? String == scoped["id"] as? String)
    let disabled = try #require(try other.run("owners", "show", "bob", "--json").json)
    #expect(disabled["disabled"] as? Bool == true)
    // The chain holds what was imported.
    #expect(try program.run("check").status == 0)
  }

  @Test("an import revives nothing that was ended here, and names what was ended there")
  func revivesNothing() throws {
    let program = try CardeaProgram()
    #expect(try program.run("import", "keysmith", ImportTests.keysmith).status == 0)
    #expect(try program.run("keys", "revoke", "tok_XjyedQAT", "--yes").status == 0)
    #expect(try program.run("import", "keysmith", ImportTests.keysmith).status == 0)
    let token = try #require(KeysmithOracle.load().tokens.first).raw
    #expect(try program.run("keys", "verify", input: token).out == "not valid: revoked\n")
    let copy = program.path("later.sqlite3")
    try FileManager.default.copyItem(atPath: ImportTests.keysmith, toPath: copy)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: copy)
    try database(
      program, "later.sqlite3",
      "UPDATE keysmith_token SET revoked = 1 WHERE prefix = 'tok_hv6alwwk';")
    let later = try report(try program.run("import", "keysmith", "later.sqlite3", "--json"))
    #expect(
      reasons(later, "notes") == ["revoked there, active here: cardea keys revoke tok_hv6alwwk"])
  }

  @Test(
    "something else, half of it, another version: refused before anything is written",
    arguments: ["none", "text", "empty", "half", "drf", "newer", "columns", "cardea"])
  func badSource(_ kind: String) throws {
    let program = try CardeaProgram()
    let whole = try Data(contentsOf: URL(filePath: ImportTests.keysmith))
    let path = program.path("source")
    switch kind {
    case "text": try program.write("id,key\n1,2\n", to: "source")
    case "empty": try program.write("", to: "source")
    case "half": try whole.prefix(whole.count / 2).write(to: URL(filePath: path))
    case "drf":
      try FileManager.default.copyItem(
        atPath: Fixture.path("Oracle/drf.sqlite3"), toPath: path)
    case "newer", "columns":
      try whole.write(to: URL(filePath: path))
      try database(
        program, "source",
        kind == "newer"
          ? "INSERT INTO django_migrations (app, name, applied) VALUES ('keysmith', '0099_x', '');"
          : "ALTER TABLE keysmith_token RENAME COLUMN key TO secret;")
    case "cardea":
      #expect(try program.run("init", "--store", "sqlite:source").status == 0)
    default: break
    }
    let before = try program.names()
    let result = try program.run("import", "keysmith", "source")
    #expect(result.status == 2)
    #expect(result.err.contains("source"))
    #expect(result.err.contains("Nothing was changed"))
    #expect(try program.names() == before)
  }

  @Test("a row that can't be taken is named by what is public, and the rest goes on")
  func badRows() throws {
    let program = try CardeaProgram()
    try FileManager.default.copyItem(
      atPath: ImportTests.keysmith, toPath: program.path("source.sqlite3"))
    try database(
      program, "source.sqlite3",
      """
      UPDATE keysmith_token SET key = replace(key, '$260000$', '$10000001$');
      UPDATE keysmith_token SET key = 'md5$salt$secrethash' WHERE prefix = 'tok_NnW50Hza';
      UPDATE keysmith_token SET created_at = 'yesterday' WHERE prefix = 'tok_zLNPmUXY';
      UPDATE keysmith_token SET token_type = 'robot' WHERE prefix = 'tok_BiDMwCUh';
      UPDATE keysmith_token SET name = 'a' || char(10) || 'b' WHERE prefix = 'tok_3csDYxUS';
      UPDATE auth_permission SET codename = 'cardea:admin' WHERE codename = 'add_user';
      UPDATE auth_permission SET codename = '*' WHERE codename = 'view_user';
      """)
    let result = try program.run("import", "keysmith", "source.sqlite3", "--json")
    let found = try report(result)
    #expect(found["imported"] as? Int == 13)
    let text = reasons(found).sorted().joined(separator: "\n")
    for part in [
      "costs more than is ever run (10000000 iterations)", "no hasher here verifies md5",
      "created_at is no date", "token_type is neither", "the name cardea:admin can't be a scope",
      "the name * can't be a scope", "prefix",
    ] { #expect(text.contains(part), "\(part) in \(text)") }
    #expect(reasons(found, "notes") == ["its name was cut or cleaned of control characters"])
    #expect(!(result.out + result.err).contains("secrethash"))
  }

  @Test("keys in clear are kept as a hash only, in no file and no line")
  func clearKeysAreForgotten() throws {
    let program = try CardeaProgram()
    try database(
      program, "source.sqlite3",
      """
      CREATE TABLE tokens (token TEXT, who TEXT, live INT);
      INSERT INTO tokens VALUES ('canary-0123456789abcdef', 'alice', 1), ('short', 'bob', 0),
        ('canary with spaces', 'bob', 1), ('canary5mm.1vtX4SE8ktsbIxi2S7EYeKSLvXGeXHwc', NULL, 1),
        ('\(String(repeating: "x", count: 512))', NULL, 1),
        ('\(String(repeating: "x", count: 513))', NULL, 1), (NULL, NULL, 1);
      """)
    let result = try program.run(
      "import", "plain", "source.sqlite3", "--table", "tokens", "--key", "token", "--owner", "who",
      "--active", "live", "--json")
    let found = try report(result)
    #expect(found["imported"] as? Int == 3)
    #expect(reasons(found).count == 4)
    #expect(reasons(found).contains("the key has the shape of the format dotted"))
    for token in ["canary-0123456789abcdef", String(repeating: "x", count: 512)] {
      #expect(try program.run("keys", "verify", input: token).status == 0)
    }
    #expect(try program.run("keys", "verify", input: "short").out == "not valid: suspended\n")
    #expect(!(result.out + result.err).contains("canary"))
    // The store, and the spool of what was verified.
    let files = try FileManager.default.subpathsOfDirectory(atPath: program.folder.path)
      .filter { $0 != "source.sqlite3" }
      .compactMap { FileManager.default.contents(atPath: program.folder.appending(path: $0).path) }
    #expect(files.count >= 2)
    for file in files { #expect(!file.contains("canary".utf8)) }
  }

  @Test("django-apikey: profiles with their limit, whom it refuses comes refused")
  func djangoAPIKey() throws {
    let program = try CardeaProgram()
    try database(
      program, "source.sqlite3",
      """
      CREATE TABLE auth_user (id INTEGER PRIMARY KEY, username TEXT, is_active BOOL,
        is_superuser BOOL, date_joined DATETIME);
      CREATE TABLE auth_permission (id INTEGER PRIMARY KEY, codename TEXT);
      CREATE TABLE auth_user_user_permissions (id INTEGER PRIMARY KEY, user_id INT, permission_id INT);
      CREATE TABLE auth_user_groups (id INTEGER PRIMARY KEY, user_id INT, group_id INT);
      CREATE TABLE auth_group_permissions (id INTEGER PRIMARY KEY, group_id INT, permission_id INT);
      CREATE TABLE key_apikeyprofile (id INTEGER PRIMARY KEY,
        user_id INT REFERENCES auth_user (id), max_keys INT, last_access DATETIME);
      CREATE TABLE key_apikey (id INTEGER PRIMARY KEY,
        profile_id INT REFERENCES key_apikeyprofile (id), key TEXT, logged_ip TEXT,
        last_used DATETIME, created DATETIME);
      INSERT INTO auth_user VALUES (1, 'alice', 1, 0, '2012-01-01 00:00:00'),
        (2, 'bob', 0, 0, '2012-01-01 00:00:00'), (3, 'carol', 1, 0, '2012-01-01 00:00:00'),
        (4, 'root', 1, 1, '2012-01-01 00:00:00');
      INSERT INTO auth_permission VALUES (7, 'can_use_api');
      INSERT INTO auth_user_user_permissions VALUES (1, 1, 7), (2, 2, 7);
      INSERT INTO key_apikeyprofile VALUES (1, 1, 1, ''), (2, 2, -1, ''), (3, 3, 5, ''), (4, 4, 0, '');
      INSERT INTO key_apikey VALUES
        (1, 1, 'a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1', NULL, '2012-02-01 00:00:00', '2012-01-02 00:00:00'),
        (2, 1, 'a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2', NULL, '2012-02-01 00:00:00', '2012-01-02 00:00:00'),
        (3, 2, 'b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1', NULL, '2012-02-01 00:00:00', '2012-01-02 00:00:00'),
        (4, 3, 'c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1', NULL, '2012-02-01 00:00:00', '2012-01-02 00:00:00'),
        (5, 4, 'd1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1', NULL, '2012-02-01 00:00:00', '2012-01-02 00:00:00');
      """)
    #expect(try program.run("import", "django-apikey", "source.sqlite3").status == 0)
    func verdict(_ letter: String) throws -> String {
      try program.run(
        "keys", "verify",
        input: String(repeating: letter, count: 16).prefix(32).description
      ).out.split(separator: "\n").first.map(String.init) ?? ""
    }
    #expect(try verdict("a1").hasPrefix("valid"))
    #expect(try verdict("a2").hasPrefix("valid"))
    #expect(try verdict("b1") == "not valid: owner_disabled")
    #expect(try verdict("c1") == "not valid: suspended")
    #expect(try verdict("d1").hasPrefix("valid"))
    // Two keys where one was allowed: both work, and there is no room for a third.
    let alice = try #require(try program.run("owners", "show", "alice", "--json").json)
    #expect(alice["max_keys"] as? Int == 2)
    #expect(try program.run("keys", "create", "third", "--owner", "alice").status == 1)
    let owner = try #require(try program.run("owners", "show", "carol", "--json").json)
    #expect(owner["max_keys"] as? Int == 5)
  }

  @Test("companies become organizations with their users as members")
  func organizations() throws {
    let program = try CardeaProgram()
    let arguments = [
      "import", "plain", Fixture.path("Oracle/plain.sqlite3"), "--table", "soapp_apikeytoken",
      "--key", "key", "--owner", "company_id", "--active", "is_active",
    ]
    #expect(try program.run(arguments).status == 0)
    let company = try #require(
      try program.run("owners", "show", "company 0", "--kind", "organization", "--json").json)
    #expect((company["metadata"] as? [String: Any])?["members"] as? [String] == ["u0", "u1"])
    for wrong in [
      ["--table", "x", "--key", "key"], ["--table", "soapp_apikeytoken", "--key", "x"],
    ] {
      let result = try program.run(
        ["import", "plain", Fixture.path("Oracle/plain.sqlite3")] + wrong)
      #expect(result.status == 2)
    }
  }

  @Test("a project's own key model comes with its table as the class")
  func customModel() throws {
    let program = try CardeaProgram()
    try FileManager.default.copyItem(
      atPath: Fixture.path("Oracle/drf.sqlite3"), toPath: program.path("source.sqlite3"))
    try database(
      program, "source.sqlite3",
      """
      CREATE TABLE shops_shopapikey AS SELECT *, 42 AS shop_id FROM rest_framework_api_key_apikey
        WHERE prefix = '5mmvDmAi';
      DELETE FROM rest_framework_api_key_apikey WHERE prefix = '5mmvDmAi';
      """)
    #expect(try program.run("import", "drf-api-key", "source.sqlite3").status == 0)
    let key = try #require(try program.run("keys", "show", "drf_5mmvDmAi", "--json").json)
    #expect(key["class"] as? String == "shops_shopapikey")
    #expect((key["metadata"] as? [String: Any])?["shop_id"] as? String == "42")
  }

  @Test("--write-config writes settings that the server takes, and changes none that are there")
  func writeConfig() throws {
    let program = try CardeaProgram()
    let done = try program.run("import", "keysmith", ImportTests.keysmith, "--write-config")
    #expect(done.status == 0)
    let written = String(decoding: try program.bytes("cardea.yaml"), as: UTF8.self)
    #expect(written.contains("X-KEYSMITH-TOKEN"))
    #expect(try program.run("check").status == 0)
    let again = try program.run("import", "keysmith", ImportTests.keysmith, "--write-config")
    #expect(again.status == 2)
    #expect(String(decoding: try program.bytes("cardea.yaml"), as: UTF8.self) == written)
  }

  @Test("memory: would keep nothing of it; a dry run needs no store")
  func memory() throws {
    let program = try CardeaProgram()
    #expect(
      try program.run("import", "keysmith", ImportTests.keysmith, "--store", "memory:").status == 2)
    #expect(
      try program.run(
        "import", "keysmith", ImportTests.keysmith, "--store", "memory:", "--dry-run"
      ).status == 0)
  }
}
