import Foundation
import Testing

@Suite("keys and owners")
struct KeysTests {
  private static let fields = [
    "class", "created_at", "created_by", "description", "expires_at", "id", "kind", "last_used_at",
    "metadata", "name", "owner", "prefix", "rotation", "scopes", "state",
  ]

  /// A program with a store and its admin key.
  private func program() throws -> CardeaProgram {
    let program = try CardeaProgram()
    let made = try program.run("init", "--token-file", "admin")
    try #require(made.status == 0, "\(made.err)")
    return program
  }

  @Test("create: the token alone on stdout, everything else on stderr")
  func create() throws {
    let program = try program()
    let result = try program.run(
      "keys", "create", "shop", "--owner", "alice", "--scope", "orders:read")
    #expect(result.status == 0)
    #expect(result.lines.count == 1)
    let token = try #require(result.lines.first)
    #expect(result.err.contains("Key \(token.prefix { $0 != ":" }) (shop) made"))
    #expect(!result.err.contains(token))
  }

  @Test("create --json: key, token and receipt, and nothing on stderr")
  func createJSON() throws {
    let program = try program()
    let result = try program.run(
      "keys", "create", "shop", "--scope", "a,b", "--expires-at", "2099-01-31T12:00:00Z", "--kind",
      "system",
      "--class", "internal", "--description", "for the shop", "--metadata", "{\"n\": 1}", "--json")
    #expect(result.status == 0)
    #expect(result.err == "")
    let json = try #require(result.json)
    #expect(json.keys.sorted() == ["key", "receipt", "token"])
    let key = try #require(json["key"] as? [String: Any])
    #expect(key.keys.sorted() == KeysTests.fields)
    #expect(key["scopes"] as? [String] == ["a", "b"])
    #expect(key["kind"] as? String == "system")
    #expect(key["class"] as? String == "internal")
    #expect(key["description"] as? String == "for the shop")
    #expect(key["expires_at"] as? String == "2099-01-31T12:00:00.000Z")
    #expect(key["created_by"] as? String == "cli")
    #expect(key["state"] as? String == "active")
    let receipt = try #require(json["receipt"] as? [String: Any])
    #expect(receipt.keys.sorted() == ["bound_ms", "confirmed", "pending", "position"])
  }

  @Test("verify: from stdin or a file, never from the command line; 0 or 1")
  func verify() throws {
    let program = try program()
    let token = try #require(try program.run("keys", "create", "shop", "--scope", "a").lines.first)
    let valid = try program.run("keys", "verify", "--scope", "a", "--json", input: "\(token)\n")
    #expect(valid.status == 0)
    #expect(valid.json?["valid"] as? Bool == true)
    #expect((valid.json?["key"] as? [String: Any])?["name"] as? String == "shop")
    #expect(try program.run("keys", "verify", input: "\(token)\r\n").status == 0)

    let scope = try program.run("keys", "verify", "--scope", "b", "--json", input: token)
    #expect(scope.status == 1)
    #expect(scope.json?["valid"] as? Bool == false)
    #expect(scope.json?["code"] as? String == "insufficient_scope")
    #expect(
      try program.run("keys", "verify", "--class", "x", input: token).out
        == "not valid: wrong_class\n")
    #expect(try program.run("keys", "verify", input: token + "x").out == "not valid: malformed\n")
    #expect(try program.run("keys", "verify", input: "").status == 2)
    #expect(try program.run("keys", "verify", token, input: "").status == 2)
  }

  @Test("the states of a key, one after the other")
  func states() throws {
    let program = try program()
    let token = try #require(try program.run("keys", "create", "shop").lines.first)
    let prefix = String(token.prefix { $0 != ":" })
    func verdict() throws -> String { try program.run("keys", "verify", input: token).out }

    #expect(try program.run("keys", "suspend", prefix).status == 0)
    #expect(try verdict() == "not valid: suspended\n")
    #expect(try program.run("keys", "reactivate", prefix).status == 0)
    #expect(try verdict() == "valid: \(prefix) (shop)\n")
    #expect(try program.run("keys", "revoke", prefix, "--yes").status == 0)
    #expect(try verdict() == "not valid: revoked\n")
    #expect(try program.run("keys", "revoke", prefix).status == 0)
    #expect(try program.run("keys", "reactivate", prefix).status == 1)
    let refused = try program.run("keys", "rotate", prefix, "--json")
    #expect(refused.status == 1)
    #expect(refused.problem?["code"] as? String == "revoked")
    #expect(try program.run("keys", "purge", prefix).status == 0)
    #expect(try verdict() == "not valid: purged\n")
    let shown = try program.run("keys", "show", prefix, "--json")
    #expect(shown.json?["state"] as? String == "purged")
    #expect(shown.json?["name"] as? String == "")
  }

  @Test("rotation: overlap, completion, cancellation")
  func rotation() throws {
    let program = try program()
    let first = try #require(try program.run("keys", "create", "shop").lines.first)
    let prefix = String(first.prefix { $0 != ":" })
    func isValid(_ token: String) throws -> Bool {
      try program.run("keys", "verify", input: token).status == 0
    }

    let second = try #require(
      try program.run("keys", "rotate", prefix, "--overlap", "1h").lines.first)
    #expect(second.hasPrefix(prefix))
    #expect(try isValid(first) && isValid(second))
    #expect(try program.run("keys", "rotate", prefix, "--overlap", "1h").status == 1)
    #expect(try program.run("keys", "cancel-rotation", prefix).status == 0)
    #expect(try isValid(first))
    #expect(try !isValid(second))
    #expect(try program.run("keys", "cancel-rotation", prefix).status == 1)

    let third = try #require(
      try program.run("keys", "rotate", prefix, "--overlap", "1h").lines.first)
    #expect(try program.run("keys", "complete-rotation", prefix).status == 0)
    #expect(try !isValid(first))
    #expect(try isValid(third))
    let fourth = try #require(try program.run("keys", "rotate", prefix).lines.first)
    #expect(try !isValid(third))
    #expect(try isValid(fourth))
  }

  @Test("update changes what is given and nothing else")
  func update() throws {
    let program = try program()
    let token = try #require(try program.run("keys", "create", "shop", "--scope", "a").lines.first)
    let prefix = String(token.prefix { $0 != ":" })
    let result = try program.run(
      "keys", "update", prefix, "--name", "store", "--no-scopes", "--expires-in", "never", "--json")
    let key = try #require(result.json?["key"] as? [String: Any])
    #expect(key["name"] as? String == "store")
    #expect(key["scopes"] as? [String] == [])
    #expect(key["expires_at"] is NSNull)
    #expect(key["class"] as? String == "default")
    let byID = try program.run("keys", "show", try #require(key["id"] as? String), "--json")
    #expect(byID.json?["prefix"] as? String == prefix)
  }

  @Test("list: filters and pages; tables hold no token, no hash and no control character")
  func list() throws {
    let program = try program()
    var tokens: [String] = []
    for name in ["one", "two", "three \u{202E}eno"] {
      let made = try program.run(
        "keys", "create", name, "--owner", "alice", "--scope", name == "one" ? "a" : "b")
      tokens.append(try #require(made.lines.first))
    }
    let table = try program.run("keys", "list", "--owner", "alice")
    #expect(table.lines.count == 4)
    #expect(table.out.contains("three \\u{202e}eno"))
    #expect(!table.out.contains("\u{1b}") && !table.out.contains("\u{202e}"))
    #expect(!table.out.contains("$"))
    for token in tokens { #expect(!table.out.contains(token.drop { $0 != ":" })) }

    let scoped = try program.run("keys", "list", "--scope", "a", "--json")
    #expect((scoped.json?["keys"] as? [Any])?.count == 1)
    let page = try program.run("keys", "list", "--limit", "2", "--json")
    #expect((page.json?["keys"] as? [Any])?.count == 2)
    let cursor = try #require(page.json?["next_cursor"] as? String)
    let rest = try program.run("keys", "list", "--limit", "2", "--cursor", cursor, "--json")
    #expect((rest.json?["keys"] as? [Any])?.count == 2)
    #expect(rest.json?["next_cursor"] is NSNull)
    #expect(try program.run("keys", "list", "--owner", "nobody").status == 0)
    for sort in ["-name", "name", "-expires", "created"] {
      let first = try program.run(
        "keys", "list", "--owner", "alice", "--sort", sort, "--limit", "1", "--json")
      let cursor = try #require(first.json?["next_cursor"] as? String)
      let note = try program.run("keys", "list", "--owner", "alice", "--sort", sort, "--limit", "1")
      #expect(note.err.contains("--sort \(sort) --cursor \(cursor)\n"))
      let rest = try program.run(
        "keys", "list", "--owner", "alice", "--sort", sort, "--cursor", cursor, "--json")
      let pages = [first, rest].flatMap { $0.json?["keys"] as? [[String: Any]] ?? [] }
      let names = pages.compactMap { $0["name"] as? String }
      // Made one after the other, for as long.
      let made = ["one", "two", "three \u{202E}eno"]
      let expected =
        sort == "created" ? made : sort == "-expires" ? made.reversed() : made.sorted()
      #expect(names == (sort == "-name" ? expected.reversed() : expected), "\(sort)")
      let other = try program.run("keys", "list", "--cursor", cursor)
      #expect(other.status == 1)
      #expect(other.err.contains("cursor"))
    }
  }

  @Test(
    "what is refused names its field and stores nothing",
    arguments: [
      (["keys", "create", ""], "name"),
      (["keys", "create", String(repeating: "n", count: 129)], "name"),
      (["keys", "create", "k", "--expires-at", "2001-01-01T00:00:00Z"], "expires_at"),
      (["keys", "create", "k", "--expires-in", "3650000d"], "expires_in"),
      (["keys", "create", "k", "--scope", "a b"], "scopes"),
      (["keys", "create", "k", "--scope", "cardea:nonsense"], "scopes"),
      (["keys", "create", "k", "--owner", "a b"], "owner"),
      (["keys", "create", "k", "--class", ""], "class"),
      (["owners", "create", "a,b"], "owner"),
      (["owners", "create", "a", "--max-keys", "-2"], "max_keys"),
      (["owners", "create", "a", "--max-keys", "9007199254740992"], "max_keys"),
    ])
  func refused(arguments: [String], field: String) throws {
    let program = try program()
    let result = try program.run(arguments + ["--json"])
    #expect(result.status == 1)
    #expect(result.out == "")
    #expect(result.problem?["field"] as? String == field)
    let keys = try program.run("keys", "list", "--json")
    #expect((keys.json?["keys"] as? [Any])?.count == 1)
    let owners = try program.run("owners", "list", "--json")
    #expect((owners.json?["owners"] as? [Any])?.isEmpty == true)
  }

  @Test("owners: limit, disable, enable, duplicate")
  func owners() throws {
    let program = try program()
    let made = try program.run("owners", "create", "bob", "--max-keys", "1", "--json")
    #expect(made.status == 0)
    let owner = try #require(made.json?["owner"] as? [String: Any])
    #expect(
      owner.keys.sorted() == [
        "created_at", "disabled", "id", "kind", "max_keys", "members", "metadata", "name",
      ])
    #expect(try program.run("owners", "create", "bob").status == 1)
    #expect(try program.run("owners", "create", "bob", "--kind", "system").status == 0)

    let token = try #require(try program.run("keys", "create", "k", "--owner", "bob").lines.first)
    let over = try program.run("keys", "create", "k2", "--owner", "bob", "--json")
    #expect(over.status == 1)
    #expect(over.problem?["code"] as? String == "owner_limit")
    let unlimited = try program.run("owners", "update", "bob", "--max-keys", "-1", "--json")
    #expect((unlimited.json?["owner"] as? [String: Any])?["max_keys"] as? Int == -1)
    #expect(try program.run("owners", "update", "bob", "--max-keys", "2").status == 0)
    #expect(try program.run("keys", "create", "k2", "--owner", "bob").status == 0)

    #expect(try program.run("owners", "disable", "bob").status == 0)
    #expect(try program.run("keys", "verify", input: token).out == "not valid: owner_disabled\n")
    #expect(try program.run("owners", "show", "bob").out.contains("disabled"))
    #expect(try program.run("owners", "enable", "bob").status == 0)
    #expect(try program.run("keys", "verify", input: token).status == 0)
    #expect(try program.run("owners", "disable", "nobody").status == 1)
  }

  @Test("check: what is good, and what is not safe")
  func check() throws {
    let program = try program()
    let people = try program.run("check")
    #expect(people.status == 0)
    #expect(people.out.contains("store: good (sqlite:cardea.sqlite3)"))
    #expect(people.out.contains("(admin) never expires"))
    let json = try program.run(
      "check", "--json",
      environment: ["CARDEA_SERVER_HOST": "0.0.0.0", "CARDEA_EXTRACT_QUERY": "api_key"])
    let findings = try #require(json.json?["findings"] as? [[String: Any]])
    let codes = findings.compactMap { $0["code"] as? String }
    #expect(codes == ["exposed", "query_tokens", "sessions_key_drawn", "admin_never_expires"])
  }

  /// Every setting that weakens a promise is named with what it costs.
  @Test(
    "check: names what weakens a promise",
    arguments: [
      ("audit.tier", "off", "audit_off"), ("audit.tier", "failures", "audit_partial"),
      ("audit.tier", "async", "audit_lossy"), ("audit.on_failure", "allow", "audit_fails_open"),
      ("limits.failed_per_address", "off", "failed_attempts_unlimited"),
      ("limits.failed_per_prefix_and_address", "off", "failed_attempts_unlimited"),
      ("hash.pbkdf2_iterations", "10000", "weak_hash"), ("cache.max_stale", "5s", "serves_stale"),
      ("cache.lease", "2s", "long_lease"), ("extract.conflict", "first", "conflict_first"),
    ])
  func checkNamesWhatIsWeaker(setting: String, value: String, code: String) throws {
    let program = try program()
    func findings(_ environment: [String: String]) throws -> [[String: Any]] {
      let result = try program.run("check", "--json", environment: environment)
      #expect(result.status == 0)
      return try #require(result.json?["findings"] as? [[String: Any]])
    }
    let name = "CARDEA_" + setting.uppercased().replacing(".", with: "_")
    let usual = try findings([:])
    let found = try findings([name: value])
    let fresh = found.filter { finding in
      !usual.contains { $0["code"] as? String == finding["code"] as? String }
    }
    #expect(fresh.compactMap { $0["code"] as? String } == [code])
    let message = try #require(fresh.first?["message"] as? String)
    #expect(message.contains(setting), "\(message)")
    #expect(fresh.first?["level"] as? String == (code == "long_lease" ? "note" : "warning"))
  }

  @Test("check: quotas are this process's memory where the store can't count")
  func checkQuota() throws {
    let program = try program()
    func isNoted(_ store: String...) throws -> Bool {
      let result = try program.run(["check", "--json"] + store)
      let findings = try #require(result.json?["findings"] as? [[String: Any]])
      return findings.contains { $0["code"] as? String == "quota_in_memory" }
    }
    #expect(try !isNoted("--store", "memory:"))
    try Data("plugins:\n  policy.quota: { rules: [calls 10 daily] }\n".utf8)
      .write(to: program.folder.appending(path: "cardea.yaml"))
    #expect(try isNoted("--store", "memory:"))
    #expect(try !isNoted(), "a file counts for all who have it open")
  }

  @Test("check: a weak argon2id")
  func checkWeakArgon2() throws {
    let program = try program()
    func isWeak(_ ops: String, _ mib: String) throws -> Bool {
      let result = try program.run(
        "check", "--json",
        environment: [
          "CARDEA_HASH_PREFERRED": "argon2id", "CARDEA_HASH_ARGON2_OPS": ops,
          "CARDEA_HASH_ARGON2_MIB": mib,
        ])
      let findings = try #require(result.json?["findings"] as? [[String: Any]])
      return findings.contains { $0["code"] as? String == "weak_hash" }
    }
    #expect(try isWeak("1", "19"))
    #expect(try !isWeak("5", "7"))
  }
}
