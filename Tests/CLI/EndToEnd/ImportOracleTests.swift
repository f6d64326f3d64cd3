import CardeaTestFixtures
import CardeaTestSupport
import Foundation
import Testing

/// What the original packages accept and refuse, met over HTTP by a real server after a real import.
@Suite("Imported keys are judged as by their own packages", .timeLimit(.minutes(5)))
struct ImportOracleTests {
  /// Where the packages' rows are when they are imported.
  enum Source: String, CaseIterable {
    case sqlite, postgresql

    /// What names the database with a package's rows.
    func database(_ package: String) throws -> String {
      let file = Fixture.path("Oracle/\(package).sqlite3")
      guard self == .postgresql else { return file }
      let server = try PostgreSQLServer.running()
      try server.create("oracle_\(package)", tables: package, from: file)
      return server.url("oracle_\(package)")
    }
  }

  @Test("django-keysmith: every token and every refusal", arguments: Source.allCases)
  func keysmith(_ source: Source) async throws {
    // One row is not taken: the known difference below.
    let imported = try ImportedServer(["keysmith", source.database("keysmith")], status: 1)
    let oracle = try KeysmithOracle.load()
    for token in oracle.tokens {
      // It expires in February 2027: this test goes on after that.
      if token.name == "default-expiry-90d" { continue }
      let header = [("X-KEYSMITH-TOKEN", token.raw)]
      // The known difference: a namespace that no header can carry.
      let accepted = token.verdict.first == "accept" && token.isASCII ? token.prefix : nil
      #expect(try await imported.prefix(header) == accepted, "\(token.name)")
      #expect(try await imported.verifies(token.raw) == (accepted != nil), "\(token.name)")
      if accepted != nil {
        #expect(
          try await imported.prefix([], target: "/?keysmith_token=\(token.raw)") == accepted)
      }
      for refused in token.refuse {
        #expect(
          try await imported.refuses(refused.raw, header: "X-KEYSMITH-TOKEN"),
          "\(token.name): \(refused.why)")
      }
    }
    for malformed in oracle.malformed {
      #expect(try await imported.refuses(malformed.raw, header: "X-KEYSMITH-TOKEN"))
    }
    let answer = try await imported.ask([("X-KEYSMITH-TOKEN", oracle.tokens[3].raw)])
    #expect(answer.field("x-cardea-scopes") == "add_user")
    #expect(answer.field("x-cardea-owner") == "alice")
    #expect(imported.server.stop() == 0)
  }

  @Test(
    "djangorestframework-api-key: every key by every hasher, and every refusal",
    arguments: Source.allCases)
  func drf(_ source: Source) async throws {
    let imported = try ImportedServer(["drf-api-key", source.database("drf")])
    let oracle = try DRFOracle.load()
    for key in oracle.keys {
      let expected = key.verdict == "accept" ? "drf_\(key.prefix)" : nil
      let header = [("Authorization", "Api-Key \(key.raw)")]
      #expect(try await imported.prefix(header) == expected, "\(key.name)")
      // Again, from memory and while the hash is made anew.
      #expect(try await imported.prefix(header) == expected, "\(key.name)")
      for refused in key.refuse {
        #expect(try await imported.refuses(refused.raw, header: "X-API-Key"), "\(key.name)")
      }
    }
    for malformed in oracle.malformed {
      #expect(try await imported.refuses(malformed.raw, header: "X-API-Key"))
    }
    #expect(imported.server.stop() == 0)
    // Every key that was used is hashed by the preferred hasher by now, and works as before.
    let again = try RunningServer(imported.program, [])
    for key in oracle.keys where key.verdict == "accept" {
      #expect(try await again.authenticate(key.raw) == 200, "\(key.name)")
    }
    #expect(again.stop() == 0)
  }

  @Test("keys in clear: every key, every refusal, every header", arguments: Source.allCases)
  func plain(_ source: Source) async throws {
    let imported = try ImportedServer([
      "plain", source.database("plain"), "--table", "soapp_apikeytoken", "--key", "key",
      "--owner", "company_id", "--active", "is_active",
    ])
    let oracle = try PlainOracle.load()
    var prefixes: [String: String] = [:]
    for key in oracle.keys {
      let answer = try await imported.ask([("Authorization", "Api-Key \(key.key)")])
      #expect(answer.status == (key.verdict.first == "accept" ? 200 : 401), "\(key.key)")
      if let prefix = answer.field("x-cardea-key-prefix") {
        prefixes[key.key] = prefix
        #expect(
          answer.field("x-cardea-owner") == key.company.replacingOccurrences(of: " ", with: "%20"))
      }
      for refused in key.refuse {
        #expect(try await imported.refuses(refused.raw, header: "X-API-Key"))
      }
    }
    for request in oracle.headers {
      let expected = request.verdict.first == "accept" ? prefixes[request.verdict[1]] : nil
      let fields = request.authorization.map { [("Authorization", $0)] } ?? []
      #expect(
        try await imported.prefix(fields, target: request.query ?? "/") == expected,
        "\(request.authorization ?? "") \(request.query ?? "")")
    }
    #expect(imported.server.stop() == 0)
  }

  /// How the settings that imports tell of get into the settings file.
  enum Taking: CaseIterable {
    /// `--write-config` makes it, and adds to it.
    case written
    /// `--write-config` adds to what somebody wrote.
    case added
    /// What an import prints is put in place of what the one before printed.
    case pasted
  }

  @Test(
    "three packages into one store with one settings file: every token works where it worked",
    arguments: Taking.allCases)
  func oneAfterAnother(_ taking: Taking) async throws {
    let program = try CardeaProgram()
    let sql = String(decoding: try Fixture.data("Django/django-apikey.sql"), as: UTF8.self)
    try Tool.run("sqlite3", [program.path("apikey.sqlite3")], input: sql)
    if taking == .added {
      try program.write(
        """
        # Ours.
        token: { accept: [underscore] }
        extract:
          headers: [X-Mine] # the gateway's
          schemes:
            - Token
        """, to: "cardea.yaml")
    }
    for (package, source) in [
      ("drf-api-key", Fixture.path("Oracle/drf.sqlite3")),
      ("keysmith", Fixture.path("Oracle/keysmith.sqlite3")), ("django-apikey", "apikey.sqlite3"),
    ] {
      let more = taking == .pasted ? ["--json"] : ["--write-config"]
      let result = try program.run(["import", package, source] + more)
      // Of django-keysmith one row can't be taken.
      #expect(result.status == (package == "keysmith" ? 1 : 0), "\(result.err)")
      if taking == .pasted {
        let lines = try #require(result.json?["settings"] as? [String])
        try program.write(lines.joined(separator: "\n"), to: "cardea.yaml")
      }
    }
    let text = String(decoding: try program.bytes("cardea.yaml"), as: UTF8.self)
    if taking == .added {
      #expect(text.hasPrefix("# Ours.\n") && text.contains("X-Mine] # the gateway's\n"))
      #expect(text.contains("    - Token\n"))
    }
    let server = try RunningServer(program, [])
    let client = HTTPClient(
      port: try #require(server.address.split(separator: ":").last.flatMap { Int($0) }))
    func status(_ field: String, _ value: String) async throws -> Int {
      try await client.request("GET", "/auth", headers: [(field, value)]).status
    }
    for token in try KeysmithOracle.load().tokens
    where token.verdict.first == "accept" && token.isASCII && token.name != "default-expiry-90d" {
      #expect(try await status("X-KEYSMITH-TOKEN", token.raw) == 200, "\(token.name)")
    }
    for key in try DRFOracle.load().keys where key.verdict == "accept" {
      #expect(try await status("Authorization", "Api-Key \(key.raw)") == 200, "\(key.name)")
    }
    for (letters, expected) in [("a1", 200), ("a2", 200), ("b1", 200), ("c1", 401), ("d1", 200)] {
      let key = String(repeating: letters, count: 16)
      #expect(try await status("X-Api-Authorization", key) == expected, "\(letters)")
      if taking == .added { #expect(try await status("X-Mine", key) == expected) }
    }
    #expect(server.stop() == 0)
  }

  @Test("a running server takes keys in clear from the moment that they are imported")
  func importBesideAServer() async throws {
    let program = try CardeaProgram()
    #expect(try program.run("init").status == 0)
    let server = try RunningServer(program, [])
    let key = try #require(PlainOracle.load().keys.first).key
    #expect(try await server.authenticate(key) == 401)
    let imported = try program.run(
      "import", "plain", Fixture.path("Oracle/plain.sqlite3"), "--table", "soapp_apikeytoken",
      "--key", "key")
    #expect(imported.status == 0)
    while try await server.authenticate(key) != 200 {}
    #expect(server.stop() == 0)
  }
}
