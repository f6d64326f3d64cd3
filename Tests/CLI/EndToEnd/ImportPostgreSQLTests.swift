import CardeaTestFixtures
import CardeaTestSupport
import Foundation
import Testing

@Suite("cardea import from PostgreSQL", .timeLimit(.minutes(5)))
struct ImportPostgreSQLTests {
  private let server: PostgreSQLServer

  init() throws { server = try PostgreSQLServer.running() }

  private static let packages = [
    "keysmith": ["keysmith"], "drf": ["drf-api-key"], "django-apikey": ["django-apikey"],
    "plain": ["plain"],
  ]
  private static let plain = [
    "--table", "soapp_apikeytoken", "--key", "key", "--owner", "company_id", "--active",
    "is_active",
  ]

  /// The package's tables in SQLite.
  private func sqlite(_ package: String, _ program: CardeaProgram) throws -> String {
    guard package == "django-apikey" else { return Fixture.path("Oracle/\(package).sqlite3") }
    let path = program.path("source.sqlite3")
    let sql = String(decoding: try Fixture.data("Django/django-apikey.sql"), as: UTF8.self)
    try Tool.run("sqlite3", [path], input: sql)
    return path
  }

  /// Every row that a store has of these tables, but for when it was written.
  /// - Parameter isDated: whether the source says when its rows were made; else the moment of the import stands for
  ///   it, in the first six bytes of ids too.
  private func rows(_ program: CardeaProgram, isDated: Bool) throws -> [String] {
    let created = isDated ? "created_at" : "''"
    func id(_ column: String) -> String { isDated ? "hex(\(column))" : "hex(substr(\(column), 7))" }
    return try [
      """
      SELECT \(id("id")), prefix, name, description, kind, class, \(id("owner_id")), scopes, status, format,
        \(created), created_by, expires_at, last_used_at, metadata FROM keys ORDER BY prefix
      """,
      """
      SELECT prefix, ordinal, \(id("id")), hash, scheme, format, \(created), last_used_at FROM secrets
      ORDER BY prefix
      """,
      """
      SELECT \(id("id")), kind, name, max_keys, disabled, \(created), metadata, members FROM owners
      ORDER BY name
      """,
      """
      SELECT n.name, a.position, a.at, a.action, a.reason, a.status, a.count, hex(a.key_id), a.prefix,
        a.payload FROM access_log a JOIN access_nodes n ON n.number = a.node ORDER BY a.number
      """,
    ].map { try Tool.run("sqlite3", ["-quote", program.path("cardea.sqlite3"), $0]) }
  }

  @Test(
    "gives the same keys, hashes, owners and audit rows as from SQLite",
    arguments: ["keysmith", "drf", "django-apikey", "plain"])
  func sameAsSQLite(_ package: String) throws {
    let command = package == "drf" ? "drf-api-key" : package
    let more = package == "plain" ? ImportPostgreSQLTests.plain : []
    let (here, there) = (try CardeaProgram(), try CardeaProgram())
    let file = try sqlite(package, here)
    try server.create("same_\(package)", tables: package, from: file)
    let url = server.url("same_\(package)")
    let fromFile = try here.run(["import", command, file, "--json"] + more)
    let dry = try there.run(["import", command, url, "--json", "--dry-run"] + more)
    #expect(try there.names() == [])
    let fromServer = try there.run(["import", command, url, "--json"] + more)
    // Of django-keysmith one row can't be taken.
    #expect(fromFile.status == (package == "keysmith" ? 1 : 0), "\(fromFile.err)")
    #expect(fromServer.status == fromFile.status, "\(fromServer.err)")
    #expect(fromServer.out == fromFile.out)
    #expect(dry.out.replacing("\"dry_run\" : true", with: "\"dry_run\" : false") == fromFile.out)
    let expected = try rows(here, isDated: package != "plain")
    #expect(try rows(there, isDated: package != "plain") == expected)
    #expect(
      expected.filter(\.isEmpty).count == (package == "keysmith" ? 0 : package == "drf" ? 2 : 1))
    // Both are the same to an import that comes later.
    let again = try there.run(["import", command, file, "--json"] + more)
    #expect(again.json?["imported"] as? Int == 0)
    #expect((again.json?["log"] as? [String: Any])?["imported"] as? Int ?? 0 == 0)
    #expect(try there.run("audit", "verify").status == 0)
  }

  @Test("takes a hand of rows at a time, also where they end with it", arguments: [500, 1_201])
  func manyRows(_ count: Int) throws {
    let database = "many_\(count)"
    try server.create(database)
    try server.run(
      """
      CREATE TABLE tokens (token uuid PRIMARY KEY DEFAULT gen_random_uuid(), live boolean);
      INSERT INTO tokens (live) SELECT true FROM generate_series(1, \(count));
      """, in: database)
    let program = try CardeaProgram()
    let result = try program.run(
      "import", "plain", server.url(database), "--table", "tokens", "--key", "token", "--active",
      "live", "--json")
    #expect(result.json?["imported"] as? Int == count)
    #expect(result.err == "")
  }

  @Test("only reads, on one snapshot")
  func onlyReads() throws {
    try server.create(
      "reads", tables: "keysmith", from: Fixture.path("Oracle/keysmith.sqlite3"))
    #expect(try CardeaProgram().run("import", "keysmith", server.url("reads")).status == 1)
    let statements = try server.log().split(separator: "\n").compactMap { line in
      line.wholeMatch(of: /<cardea import> LOG:  statement: (.*)/).map { String($0.1) }
    }
    #expect(statements.contains("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))
    for statement in statements {
      #expect(
        ["BEGIN", "SET LOCAL", "DECLARE", "FETCH", "CLOSE"].contains(where: statement.hasPrefix),
        "\(statement)")
    }
  }

  @Test(
    "something else, another version, tables that may not be read: refused before anything is written",
    arguments: ["empty", "drf", "newer", "columns", "forbidden", "none"])
  func badSource(_ kind: String) throws {
    let database = "bad_\(kind)"
    let package = kind == "drf" ? "drf" : "keysmith"
    var url = server.url(database)
    switch kind {
    case "none": break
    case "empty": try server.create(database)
    default:
      try server.create(
        database, tables: package, from: Fixture.path("Oracle/\(package).sqlite3"))
    }
    var reason = "it has no table of django-keysmith's tokens"
    switch kind {
    case "newer":
      reason = "keysmith has seen the migration 0099_x"
      try server.run(
        "INSERT INTO django_migrations VALUES (9999, 'keysmith', '0099_x', now());",
        in: database)
    case "columns":
      reason = "its table keysmith_token has other columns"
      try server.run("ALTER TABLE keysmith_token RENAME COLUMN key TO secret;", in: database)
    case "forbidden":
      reason = "permission denied"
      try server.run("CREATE ROLE stranger LOGIN;", in: database)
      url = url.replacing("postgres@", with: "stranger@")
    case "none": reason = "database \"bad_none\" does not exist"
    default: break
    }
    let program = try CardeaProgram()
    let result = try program.run("import", "keysmith", url)
    #expect(result.status == 2)
    #expect(result.err.contains(reason), "\(result.err)")
    if kind == "forbidden" { #expect(result.err.contains("GRANT SELECT")) }
    #expect(try program.names() == [])
  }

  @Test("a password counts, from the URL or the environment, and is in no message")
  func passwords() throws {
    try server.create("secrets", tables: "plain", from: Fixture.path("Oracle/plain.sqlite3"))
    try server.run(
      """
      CREATE ROLE locked LOGIN PASSWORD 'canary-right';
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO locked;
      """, in: "secrets")
    let socket = server.socket
    let right = "postgresql://locked:canary-right@/secrets?\(socket)"
    let without = "postgres://locked@/secrets?\(socket)"
    func attempt(_ url: String, _ environment: [String: String] = [:]) throws
      -> CardeaProgram.Result
    {
      try CardeaProgram().run(
        ["import", "plain", url] + ImportPostgreSQLTests.plain, environment: environment)
    }
    #expect(try attempt(right).status == 0)
    #expect(try attempt(without, ["PGPASSWORD": "canary-right"]).status == 0)
    let missing = try attempt(without)
    #expect(missing.status == 2)
    #expect(missing.err.contains("Give the password in PGPASSWORD or ~/.pgpass"))
    for url in [
      "postgres://locked:canary-wrong@/secrets?\(socket)",
      "postgres://locked@/secrets?\(socket)&password=canary-wrong",
      // Nobody is there.
      "postgres://locked:canary@127.0.0.1:1/secrets",
      "postgres://locked:canary@/secrets?host=\(server.folder)/nowhere",
      // Characters that should have been encoded.
      "postgres://locked:canary@more@127.0.0.1:1/secrets", "postgres://locked:can/ary@host/x",
      "postgres://locked:can?ary@host/x", "postgres://locked:%zzcanary@host/x",
      "postgres:locked:canary@host/x", "Postgres://locked:canary@host/x",
      "mysql://locked:canary@host/x", "postgres://host/x?canary=1", "postgres://host:canary/x",
    ] {
      for more in [[], ["--json"]] {
        let result = try CardeaProgram().run(
          ["import", "plain", url] + ImportPostgreSQLTests.plain + more)
        #expect(result.status == 2, "\(url)")
        #expect(!(result.out + result.err).contains("canary"), "\(result.err)")
        #expect(!(result.out + result.err).contains("ary@"), "\(result.err)")
        #expect(!result.err.isEmpty)
      }
    }
  }

  @Test("over TCP: by password, with TLS where the URL or the server asks for it")
  func network() throws {
    try server.create("network", tables: "plain", from: Fixture.path("Oracle/plain.sqlite3"))
    try server.run(
      """
      CREATE ROLE remote LOGIN PASSWORD 'canary-remote';
      CREATE ROLE sealed LOGIN PASSWORD 'canary-sealed';
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO remote, sealed;
      """, in: "network")
    func attempt(_ user: String, _ query: String, _ password: String? = nil) throws
      -> CardeaProgram.Result
    {
      let url = "postgres://\(user)@127.0.0.1:\(server.port)/network?\(query)"
      let result = try CardeaProgram().run(
        ["import", "plain", url, "--json"] + ImportPostgreSQLTests.plain,
        environment: ["PGPASSWORD": password ?? "canary-\(user)"])
      #expect(!(result.out + result.err).contains("canary"), "\(result.err)")
      return result
    }
    let keys = try #require(
      Int(
        Tool.run(
          "sqlite3",
          [Fixture.path("Oracle/plain.sqlite3"), "SELECT count(*) FROM soapp_apikeytoken"]
        ).trimmingCharacters(in: .newlines)))
    let root = "sslrootcert=\(server.folder)/cert.pem"
    for (user, query) in [
      ("remote", "sslmode=disable"), ("remote", ""), ("remote", "sslmode=require"),
      // The server takes this role by TLS alone.
      ("sealed", "sslmode=require"), ("sealed", "sslmode=verify-full&\(root)"),
    ] {
      let result = try attempt(user, query)
      #expect(result.status == 0, "\(user) \(query): \(result.err)")
      #expect(result.json?["rows"] as? Int == keys)
    }
    for (user, query, password) in [
      ("remote", "sslmode=disable", "canary-wrong"), ("remote", "sslmode=require", "canary-wrong"),
      ("sealed", "sslmode=disable", nil),
      // Nothing to judge its certificate by.
      ("sealed", "sslmode=verify-full&sslrootcert=\(server.folder)/nowhere", nil),
    ] {
      let result = try attempt(user, query, password)
      #expect(result.status == 2, "\(user) \(query)")
      #expect(result.out == "" && !result.err.isEmpty)
    }
  }
}
