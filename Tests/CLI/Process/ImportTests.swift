import CardeaTestFixtures
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaCLI

@Suite("cardea import")
struct ImportTests {
  private static let keysmith = Fixture.path("Oracle/keysmith.sqlite3")

  /// Makes a database of the given SQL with the `sqlite3` that tests need anyway.
  private func database(_ program: CardeaProgram, _ name: String, _ sql: String) throws {
    try Tool.run("sqlite3", [program.path(name)], input: sql)
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
    #expect(try program.run("import", "keysmith", ImportTests.keysmith).status == 1)
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
    // What is here stays as it is, and that is said.
    let again = try program.run(
      "import", "keysmith", ImportTests.keysmith, "--disable-inactive-owners")
    #expect(again.out.contains("bob: the owner is here already and stays enabled"), "\(again.out)")
    // The same row has the same id in another store.
    let other = try CardeaProgram()
    #expect(
      try other.run("import", "keysmith", ImportTests.keysmith, "--disable-inactive-owners").status
        == 1)
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
    #expect(try program.run("import", "keysmith", ImportTests.keysmith).status == 1)
    #expect(try program.run("keys", "revoke", "tok_XjyedQAT", "--yes").status == 0)
    #expect(try program.run("import", "keysmith", ImportTests.keysmith).status == 1)
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

  /// A copy of the fixture, in which `sql` was run.
  private func keysmith(_ program: CardeaProgram, _ name: String, _ sql: String) throws {
    let copy = program.path(name)
    try FileManager.default.copyItem(atPath: ImportTests.keysmith, toPath: copy)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: copy)
    try database(program, name, sql)
  }

  @Test("what was rotated, narrowed or ended by its time there is named, by the row or the audit")
  func changedThere() throws {
    let program = try CardeaProgram()
    #expect(try program.run("import", "keysmith", ImportTests.keysmith).status == 1)
    try keysmith(
      program, "later.sqlite3",
      """
      UPDATE keysmith_token SET key = replace(key, '$EV512', '$EV513') WHERE prefix = 'tok_hv6alwwk';
      UPDATE keysmith_token SET expires_at = '2026-11-22 00:00:00' WHERE prefix = 'tok_XjyedQAT';
      UPDATE keysmith_token SET expires_at = '2098-01-01 00:00:00' WHERE prefix = 'tok_WirQB5UD';
      DELETE FROM keysmith_token_scopes
        WHERE token_id = (SELECT id FROM keysmith_token WHERE prefix = 'tok_bNG5V0jc');
      INSERT INTO keysmith_token_audit_log (action, path, method, status_code, ip_address, user_agent, extra,
          created_at, token_id)
        SELECT 'rotated', '', '', 200, NULL, '', '{}', '2026-11-22 00:00:00', id FROM keysmith_token
        WHERE prefix IN ('tok_hv6alwwk', 'tok_NnW50Hza');
      """)
    let later = try report(try program.run("import", "keysmith", "later.sqlite3", "--json"))
    let rotated =
      "rotated there: here the token of before is good and its new one is not: cardea keys rotate "
    #expect(
      reasons(later, "notes") == [
        "ends earlier there, at 2098-01-01T00:00:00.000Z: cardea keys update tok_WirQB5UD",
        "expired there, active here: cardea keys revoke tok_XjyedQAT",
        "has scopes here that it has not there (add_user): cardea keys update tok_bNG5V0jc",
        rotated + "tok_hv6alwwk", rotated + "tok_NnW50Hza",
      ])
  }

  @Test("a source that is written to while it is read is told from a damaged one")
  func writtenMeanwhile() throws {
    let program = try CardeaProgram()
    try database(
      program, "live.sqlite3",
      """
      PRAGMA journal_mode = WAL;
      CREATE TABLE tokens (token TEXT);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO tokens SELECT 'a-token-of-some-length-' || i FROM n;
      """)
    let source = try SQLiteSource(path: program.path("live.sqlite3"))
    let rows = try source.rows("SELECT token FROM tokens")
    #expect(try rows.next() != nil)
    try database(program, "live.sqlite3", "INSERT INTO tokens VALUES ('one more');")
    do {
      while try rows.next() != nil {}
      Issue.record("it was read to the end")
    } catch let failure as CommandFailure {
      #expect(failure.code == "source_changed")
      #expect(failure.message.contains("was written to while it was read"))
      #expect(failure.remedy?.contains("what is done stays done") == true)
    }
  }

  @Test("owners whose names only look alike stay apart")
  func alikeOwners() throws {
    let program = try CardeaProgram()
    let tokens = ["a-token-of-the-first", "a-token-of-the-second"]
    try database(
      program, "source.sqlite3",
      """
      CREATE TABLE tokens (token TEXT, who TEXT);
      INSERT INTO tokens VALUES ('\(tokens[0])', 'jos' || char(233)), ('\(tokens[1])', 'jose' || char(769));
      """)
    #expect(
      try program.run(
        "import", "plain", "source.sqlite3", "--table", "tokens", "--key", "token", "--owner",
        "who",
        "--write-config"
      ).status == 0)
    for (token, name) in zip(tokens, ["jos\u{E9}", "jose\u{301}"]) {
      let verdict = try program.run("keys", "verify", "--json", input: token)
      let key = verdict.json?["key"] as? [String: Any]
      let owner = try #require(key?["owner"] as? String, "\(verdict)")
      #expect(Array(owner.utf8) == Array(name.utf8))
    }
  }

  @Test(
    "something else, half of it, another version: refused before anything is written",
    arguments: ["none", "text", "empty", "half", "damaged", "drf", "newer", "columns", "cardea"])
  func badSource(_ kind: String) throws {
    let program = try CardeaProgram()
    let whole = try Data(contentsOf: URL(filePath: ImportTests.keysmith))
    let path = program.path("source")
    switch kind {
    case "text": try program.write("id,key\n1,2\n", to: "source")
    case "empty": try program.write("", to: "source")
    case "half": try whole.prefix(whole.count / 2).write(to: URL(filePath: path))
    case "damaged":
      var damaged = whole
      damaged.replaceSubrange(
        1_024..<(damaged.count - 1_024), with: repeatElement(0x5A, count: damaged.count - 2_048))
      try damaged.write(to: URL(filePath: path))
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

  @Test("django-apikey: profiles with their limit; inactive users enabled and marked")
  func djangoAPIKey() throws {
    let program = try CardeaProgram()
    try database(
      program, "source.sqlite3",
      String(decoding: try Fixture.data("Django/django-apikey.sql"), as: UTF8.self))
    #expect(try program.run("import", "django-apikey", "source.sqlite3").status == 0)
    func verdict(_ letter: String) throws -> String {
      try program.run(
        "keys", "verify",
        input: String(repeating: letter, count: 16).prefix(32).description
      ).out.split(separator: "\n").first.map(String.init) ?? ""
    }
    #expect(try verdict("a1").hasPrefix("valid"))
    #expect(try verdict("a2").hasPrefix("valid"))
    #expect(try verdict("b1").hasPrefix("valid"))
    let bob = try #require(try program.run("owners", "show", "bob", "--json").json)
    #expect(bob["disabled"] as? Bool == false)
    #expect((bob["metadata"] as? [String: Any])?["inactive"] as? Bool == true)
    #expect(try verdict("c1") == "not valid: suspended")
    #expect(try verdict("d1").hasPrefix("valid"))
    // Two keys where one was allowed: both work, and there is no room for a third.
    let alice = try #require(try program.run("owners", "show", "alice", "--json").json)
    #expect(alice["max_keys"] as? Int == 2)
    // Once more, where there is no room: what is here is here, and nothing is refused.
    let again = try program.run("import", "django-apikey", program.path("source.sqlite3"), "--json")
    #expect(again.status == 0, "\(again.out)")
    #expect(again.json?["refused_count"] as? Int == 0, "\(again.out)")
    #expect(try program.run("keys", "create", "third", "--owner", "alice").status == 1)
    let owner = try #require(try program.run("owners", "show", "carol", "--json").json)
    #expect(owner["max_keys"] as? Int == 5)
    // As the original has it where it asks for the permission, which inactive users don't have.
    let strict = try CardeaProgram()
    let source = program.path("source.sqlite3")
    #expect(
      try strict.run("import", "django-apikey", source, "--disable-inactive-owners").status == 0)
    let key = String(repeating: "b1", count: 16)
    #expect(
      try strict.run("keys", "verify", input: key).out == "not valid: owner_disabled\n")
  }

  @Test("django-apikey: what another app calls its permission lets nobody in")
  func permissionOfAnotherApp() throws {
    let program = try CardeaProgram()
    try database(
      program, "source.sqlite3",
      String(decoding: try Fixture.data("Django/django-apikey.sql"), as: UTF8.self) + """
        INSERT INTO django_content_type VALUES (2, 'shop', 'partner');
        INSERT INTO auth_permission (id, content_type_id, codename) VALUES (8, 2, 'can_use_api');
        INSERT INTO auth_user_user_permissions VALUES (3, 3, 8);
        INSERT INTO auth_user_groups VALUES (1, 3, 1);
        INSERT INTO auth_group_permissions VALUES (1, 1, 8);
        """)
    #expect(try program.run("import", "django-apikey", "source.sqlite3").status == 0)
    let key = String(repeating: "c1", count: 16)
    #expect(try program.run("keys", "verify", input: key).out == "not valid: suspended\n")
  }

  // MARK: The log of django-keysmith

  private func entries(_ program: CardeaProgram) throws -> [[String: Any]] {
    let result = try program.run("audit", "export")
    #expect(result.status == 0)
    return try result.lines.compactMap {
      try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }.filter { $0["log"] as? String == "access" }
  }

  @Test("its audit rows are listed beside ours, under our names, and leave the log whole")
  func auditRows() throws {
    let program = try CardeaProgram()
    let done = try report(try program.run("import", "keysmith", ImportTests.keysmith, "--json"))
    #expect(
      done["log"] as? [String: Int] == ["imported": 36, "already_here": 0, "refused_count": 0])
    let found = try entries(program)
    #expect(found.count == 36)
    let actions = Dictionary(grouping: found) { $0["action"] as? String ?? "" }.mapValues(\.count)
    #expect(
      actions == [
        "key_created": 20, "token_rotated": 1, "key_revoked": 4, "key_purged": 2,
        "user_logged_in": 4, "authentication_failed": 5,
      ])
    let key = try #require(try program.run("keys", "show", "tok_bNG5V0jc", "--json").json)
    let used = try #require(found.first { $0["user_agent"] as? String == "Ünï/1.0" })
    #expect(used["key_id"] as? String == key["id"] as? String)
    #expect(used["prefix"] as? String == "tok_bNG5V0jc")
    #expect(used["owner"] as? String == "alice")
    #expect(used["address"] as? String == "2001:db8::7")
    #expect(used["method"] as? String == "POST")
    #expect(used["path"] as? String == "/secure/")
    #expect(used["status"] as? Int == 200)
    #expect(used["at"] as? String == "2026-11-21T00:29:44.656Z")
    let failed = found.filter { $0["action"] as? String == "authentication_failed" }
    #expect(
      failed.compactMap { $0["reason"] as? String }
        == ["revoked", "revoked", "expired", "invalidtoken", "missing"])
    let rotated = try #require(found.first { $0["action"] as? String == "token_rotated" })
    #expect(rotated["actor"] as? String == "admin")
    #expect(rotated["detail"] as? String == "rotated")
    // A purged key's rows come without what would tell of people, and of who acted nothing is made up.
    let purged = found.filter { $0["prefix"] as? String == "tok_3KrfTaqW" }
    #expect(purged.count == 2)
    #expect(purged.allSatisfy { $0["erased"] as? Bool == true && $0["actor"] is NSNull })
    let listed = try program.run(
      "audit", "list", "--prefix", "tok_XjyedQAT", "--status", "403", "--json")
    #expect((listed.json?["entries"] as? [Any])?.count == 1)
    #expect(try program.run("audit", "verify").status == 0)
    #expect(try program.run("check").status == 0)
  }

  @Test("each audit row comes once, also in parts and of two databases")
  func auditRowsOnce() throws {
    let program = try CardeaProgram()
    let whole = try Data(contentsOf: URL(filePath: ImportTests.keysmith))
    for name in ["part", "other"] { try whole.write(to: program.folder.appending(path: name)) }
    try database(program, "part", "DELETE FROM keysmith_token_audit_log WHERE id > 20;")
    // A second service: numbers of its own for rows of its own.
    try database(
      program, "other",
      """
      UPDATE django_migrations SET applied = '2020-01-01 00:00:00.000001';
      DELETE FROM keysmith_token_audit_log WHERE id > 3;
      UPDATE keysmith_token_audit_log SET path = '/other/';
      """)
    func imported(_ source: String) throws -> [String: Int]? {
      let report = try report(try program.run("import", "keysmith", source, "--json"))
      return report["log"] as? [String: Int]
    }
    #expect(try imported("part") == ["imported": 11, "already_here": 0, "refused_count": 0])
    #expect(
      try imported(ImportTests.keysmith)
        == ["imported": 25, "already_here": 11, "refused_count": 0])
    #expect(
      try imported(ImportTests.keysmith)
        == ["imported": 0, "already_here": 36, "refused_count": 0])
    #expect(try imported("other") == ["imported": 2, "already_here": 0, "refused_count": 0])
    let found = try entries(program)
    #expect(found.count == 38)
    #expect(found.filter { $0["path"] as? String == "/other/" }.count == 2)
    #expect(try program.run("audit", "verify").status == 0)
  }

  @Test("no token comes in with an audit row, wherever it stands; a faulty row is named")
  func auditRowsHoldNoTokens() throws {
    let program = try CardeaProgram()
    let raw = try #require(KeysmithOracle.load().tokens.first).raw
    let secret = String(raw.drop { $0 != ":" }.dropFirst().prefix(20))
    let encoded = raw.replacing(":", with: "%3A").replacing("_", with: "%5f")
    try Data(contentsOf: URL(filePath: ImportTests.keysmith))
      .write(to: program.folder.appending(path: "source"))
    try database(
      program, "source",
      """
      UPDATE keysmith_token_audit_log SET path = '/a/\(raw)/b?keysmith_token=\(raw)' WHERE id = 54;
      UPDATE keysmith_token_audit_log SET path = '/a/\(encoded)', user_agent = 'x (\(raw))' WHERE id = 56;
      UPDATE keysmith_token_audit_log SET user_agent = '\(raw.dropLast(9))', extra =
        '{"token": "\(raw)", "token_name": "was \(raw)", "error_code": "\(raw)", "actor_id": "\(raw)"}'
        WHERE id = 59;
      UPDATE keysmith_token_audit_log SET method = 'GET', ip_address = '\(raw)' WHERE id = 60;
      UPDATE keysmith_token_audit_log SET created_at = 'yesterday' WHERE id = 61;
      UPDATE keysmith_token_audit_log SET extra = '{' WHERE id = 62;
      """.replacing("extra = '{'", with: "extra = '[1]'"))
    let result = try program.run("import", "keysmith", "source", "--json")
    let found = try report(result)
    #expect(
      found["log"] as? [String: Int] == ["imported": 35, "already_here": 0, "refused_count": 1])
    #expect(reasons(found).contains("created_at is no date"))
    let rows = try entries(program)
    #expect(rows.contains { $0["path"] as? String == "/a/<token>/b" })
    #expect(rows.contains { $0["user_agent"] as? String == "x (<token>)" })
    #expect(!(result.out + result.err).contains(secret))
    for name in try program.names() where name != "source" {
      let file = try program.bytes(name)
      #expect(!file.contains(secret.utf8), "\(name)")
    }
    #expect(try program.run("audit", "verify").status == 0)
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
    #expect(company["members"] as? [String] == ["u0", "u1"])
    for wrong in [
      ["--table", "x", "--key", "key"], ["--table", "soapp_apikeytoken", "--key", "x"],
    ] {
      let result = try program.run(
        ["import", "plain", Fixture.path("Oracle/plain.sqlite3")] + wrong)
      #expect(result.status == 2)
    }
  }

  @Test("of two rows with one key the active one counts; rows not taken are named by their id")
  func twoRowsOfOneKey() throws {
    let program = try CardeaProgram()
    let key = String(repeating: "ab12", count: 10)
    try database(
      program, "source.sqlite3",
      """
      CREATE TABLE tokens (id INTEGER PRIMARY KEY, key TEXT, live BOOLEAN);
      INSERT INTO tokens VALUES (7, '\(key)', 0), (8, '\(key)', 1), (31, '', 1);
      """)
    let done = try program.run(
      "import", "plain", "source.sqlite3", "--table", "tokens", "--key", "key", "--active", "live",
      "--write-config")
    #expect((done.out + done.err).contains("tokens id 31"), "\(done)")
    #expect(try program.run("keys", "verify", input: key).status == 0)
  }

  @Test("another package of the same name is told what to import instead")
  func anotherPackageOfTheName() throws {
    let program = try CardeaProgram()
    try database(
      program, "source.sqlite3",
      "CREATE TABLE apikey_apikey (id INTEGER, key TEXT, user_id INTEGER, is_active BOOLEAN);")
    let refused = try program.run("import", "django-apikey", "source.sqlite3")
    #expect(refused.status == 2 && refused.err.contains("--table apikey_apikey --key key"))
  }

  @Test("a project's own key model comes with its table as the class")
  func customModel() throws {
    let program = try CardeaProgram()
    try FileManager.default.copyItem(
      atPath: Fixture.path("Oracle/drf.sqlite3"), toPath: program.path("source.sqlite3"))
    try database(
      program, "source.sqlite3",
      """
      CREATE TABLE shops_shopapikey AS SELECT *, 42 AS shop_id, 2.5 AS quota, x'00ff' AS seal
        FROM rest_framework_api_key_apikey WHERE prefix = '5mmvDmAi';
      DELETE FROM rest_framework_api_key_apikey WHERE prefix = '5mmvDmAi';
      """)
    let done = try program.run("import", "drf-api-key", "source.sqlite3", "--json")
    #expect(done.status == 0)
    #expect(reasons(try report(done), "notes") == ["seal is no text and was left out"])
    let key = try #require(try program.run("keys", "show", "drf_5mmvDmAi", "--json").json)
    #expect(key["class"] as? String == "shops_shopapikey")
    let metadata = try #require(key["metadata"] as? [String: Any])
    #expect(metadata["shop_id"] as? String == "42" && metadata["quota"] as? String == "2.5")
    #expect(metadata["seal"] == nil)
  }

  @Test("rows that are not taken make it end with 1, a dry run and one of audit rows too")
  func notTaken() throws {
    let program = try CardeaProgram()
    try FileManager.default.copyItem(
      atPath: ImportTests.keysmith, toPath: program.path("source.sqlite3"))
    func status(_ more: String...) throws -> Int32 {
      try program.run(["import", "keysmith", "source.sqlite3"] + more).status
    }
    #expect(try status("--dry-run") == 1)
    #expect(try program.names() == ["source.sqlite3"])
    let human = try program.run("import", "keysmith", "source.sqlite3")
    #expect(human.status == 1 && human.out.contains("clé_Yu29tYXY") && human.err == "")
    #expect(try status("--json") == 1)
    try database(
      program, "source.sqlite3",
      """
      DELETE FROM keysmith_token_audit_log WHERE token_id IN
        (SELECT id FROM keysmith_token WHERE prefix LIKE 'cl%');
      DELETE FROM keysmith_token_scopes WHERE token_id IN
        (SELECT id FROM keysmith_token WHERE prefix LIKE 'cl%');
      DELETE FROM keysmith_token WHERE prefix LIKE 'cl%';
      """)
    #expect(try status() == 0)
    #expect(try status("--dry-run") == 0)
    try database(
      program, "source.sqlite3",
      """
      INSERT INTO keysmith_token_audit_log SELECT 9999, action, path, method, status_code, ip_address,
        user_agent, extra, 'yesterday', token_id FROM keysmith_token_audit_log LIMIT 1;
      """)
    #expect(try status("--dry-run") == 1)
    #expect(try status() == 1)
  }

  @Test("--write-config writes settings that the server takes; what is there stays as it is")
  func writeConfig() throws {
    let program = try CardeaProgram()
    let done = try program.run("import", "keysmith", ImportTests.keysmith, "--write-config")
    #expect(done.status == 1)
    let written = String(decoding: try program.bytes("cardea.yaml"), as: UTF8.self)
    #expect(
      written == """
        # What clients of keysmith need.
        token.namespace: "tok"
        extract.headers: [X-API-Key, X-KEYSMITH-TOKEN, X-Api-Authorization]
        extract.schemes: [Api-Key, Bearer]

        """)
    #expect(try program.run("check").status == 0)
    let again = try program.run("import", "keysmith", ImportTests.keysmith, "--write-config")
    #expect(again.status == 1)
    #expect(String(decoding: try program.bytes("cardea.yaml"), as: UTF8.self) == written)
  }

  @Test(
    "--write-config adds to a settings file, its comments and spelling untouched",
    arguments: [
      (
        "# Ours.\ntoken: {namespace: acme}\nextract:\n  headers: [X-Mine] # é\n  schemes: []\n",
        "# Ours.\ntoken: {namespace: acme}\nextract:\n  headers: [X-KEYSMITH-TOKEN, X-Mine] # é\n  schemes: []\n"
      ),
      (
        "extract:\n  # Gateways.\n  headers:\n    - X-Mine\n    - X-Other\n  schemes: [Token]",
        """
        extract:
          # Gateways.
          headers:
            - X-KEYSMITH-TOKEN
            - X-Mine
            - X-Other
          schemes: [Token]
        # What clients of keysmith need.
        token.namespace: "tok"

        """
      ),
      (
        "extract.headers: [ ]\nextract.schemes: []\nextract.query: [api_key]\ntoken.namespace: a\ntoken: {accept: [dotted]}\n",
        "extract.headers: [X-KEYSMITH-TOKEN ]\nextract.schemes: []\nextract.query: [api_key]\ntoken.namespace: a\ntoken: {accept: [dotted]}\n"
      ),
      (
        "extract: {headers: [x-keysmith-token], schemes: []}\ntoken.namespace: a\n",
        "extract: {headers: [x-keysmith-token], schemes: []}\ntoken.namespace: a\n"
      ),
      (
        "# Nothing yet.\n",
        """
        # Nothing yet.
        # What clients of keysmith need.
        token.namespace: "tok"
        extract.headers: [X-API-Key, X-KEYSMITH-TOKEN, X-Api-Authorization]
        extract.schemes: [Api-Key, Bearer]

        """
      ),
    ])
  func addsToSettings(_ before: String, _ after: String) throws {
    let program = try CardeaProgram()
    try program.write(before, to: "cardea.yaml")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o640], ofItemAtPath: program.path("cardea.yaml"))
    let arguments = ["import", "keysmith", ImportTests.keysmith, "--write-config"]
    #expect(try program.run(arguments + ["--dry-run"]).status == 1)
    #expect(String(decoding: try program.bytes("cardea.yaml"), as: UTF8.self) == before)
    for _ in 0..<2 {
      #expect(try program.run(arguments).status == 1)
      #expect(String(decoding: try program.bytes("cardea.yaml"), as: UTF8.self) == after)
    }
    let mode = try FileManager.default.attributesOfItem(atPath: program.path("cardea.yaml"))
    #expect(mode[.posixPermissions] as? Int == 0o640)
    #expect(try program.run("check").status == 0)
  }

  @Test(
    "a settings file that can't be added to is named before anything is imported",
    arguments: [
      "{extract: {headers: [X-Mine]}}\n", "extract: {headers: &h [X-Mine]}\n",
      "extract: {headers: [X-Mine], form: &h [a], query: *h}\n...\n",
    ])
  func settingsThatStay(_ text: String) throws {
    let program = try CardeaProgram()
    try program.write(text, to: "ours.yaml")
    let result = try program.run(
      "import", "keysmith", ImportTests.keysmith, "--write-config", "--config", "ours.yaml")
    #expect(result.status == 2)
    #expect(result.err.contains("ours.yaml") && result.err.contains("Nothing was changed"))
    #expect(try program.names() == ["ours.yaml"])
    #expect(String(decoding: try program.bytes("ours.yaml"), as: UTF8.self) == text)
  }

  @Test("what the environment says before the file is told")
  func settingsOfTheEnvironment() throws {
    let program = try CardeaProgram()
    let result = try program.run(
      "import", "drf-api-key", Fixture.path("Oracle/drf.sqlite3"), "--json", "--dry-run",
      environment: ["CARDEA_EXTRACT_SCHEMES": "Token"])
    let found = try report(result)
    #expect(
      reasons(found, "notes") == ["CARDEA_EXTRACT_SCHEMES counts before what a file says"])
    #expect(
      (found["settings"] as? [String])?.last == "extract.schemes: [Token, Api-Key]")
  }

  @Test("memory: would keep nothing of it; a dry run needs no store")
  func memory() throws {
    let program = try CardeaProgram()
    #expect(
      try program.run("import", "keysmith", ImportTests.keysmith, "--store", "memory:").status == 2)
    #expect(
      try program.run(
        "import", "keysmith", ImportTests.keysmith, "--store", "memory:", "--dry-run"
      ).status == 1)
  }
}
