import Foundation
import Testing

@Suite("Configuration of the program")
struct ConfigurationTests {
  @Test("every fault of settings, plugins, store and kernel is listed; exit 2; nothing was made")
  func allFaults() throws {
    let program = try CardeaProgram()
    try program.write(
      """
      server: { port: 99999 }
      token:
        namespce: tok
      hash: { preferred: md5, pepper_files: [v1=missing] }
      scopes: { available: [a], default: [b] }
      plugins:
        audit.jsonline: { path: x }
        audit.jsonlines: { path: missing/folder/file }
      """, to: "cardea.yaml")
    for command in [["check"], ["serve", "--init"], ["init"], ["keys", "list"], ["plugins"]] {
      let result = try program.run(command, environment: ["CARDEA_STORE_URL": "foo:bar"])
      #expect(result.status == 2, "\(command)")
      #expect(result.out == "")
      let heads = result.err.split(separator: "\n").filter {
        $0.hasPrefix("  ") && !$0.hasPrefix("   ")
      }
      #expect(
        heads == [
          "  cardea.yaml:1: server.port = 99999",
          "  cardea.yaml:3: token.namespce = tok",
          "  cardea.yaml:4: hash.pepper_files = missing",
          "  cardea.yaml:4: hash.preferred = md5",
          "  cardea.yaml:5: scopes.default = b",
          "  cardea.yaml:7: plugins.audit.jsonline",
          "  cardea.yaml:8: plugins.audit.jsonlines.path = missing/folder/file",
          "  environment CARDEA_STORE_URL: store.url = foo:bar",
        ], "\(result.err)")
      #expect(result.err.hasPrefix("cardea: 8 faults in the configuration; nothing was started\n"))
      #expect(try program.names() == ["cardea.yaml"])
    }
  }

  @Test("a flag wins over the environment, and the environment over the file")
  func precedence() throws {
    let program = try CardeaProgram()
    try program.write("store: { url: \"sqlite:file.db\" }\n", to: "cardea.yaml")
    #expect(try program.run("init").status == 0)
    #expect(program.exists("file.db"))
    let environment = ["CARDEA_STORE_URL": "sqlite:environment.db"]
    #expect(try program.run("init", environment: environment).status == 0)
    #expect(program.exists("environment.db"))
    let flag = try program.run("init", "--store", "sqlite:flag.db", environment: environment)
    #expect(flag.status == 0)
    #expect(program.exists("flag.db"))
  }

  @Test("--config names the file; one that is not there is a fault")
  func config() throws {
    let program = try CardeaProgram()
    try program.write("store: { url: \"sqlite:other.db\" }\n", to: "other.yaml")
    #expect(try program.run("init", "--config", "other.yaml").status == 0)
    #expect(program.exists("other.db"))
    let missing = try program.run("check", "--config", "missing.yaml")
    #expect(missing.status == 2)
    #expect(missing.err.contains("missing.yaml: (file)\n    there is no such file"))
    let folder = try program.run("check", "--config", "/")
    #expect(folder.status == 2)
  }

  @Test("unknown schemes of store.url name those that there are, and no password")
  func schemes() throws {
    let program = try CardeaProgram()
    for url in [
      "mysql://me:secret@host/db", "sqlit:x", "cardea.sqlite3", "", "sqlite:", "memory:x",
    ] {
      let result = try program.run("keys", "list", "--store", url)
      #expect(result.status == 2, "\(url)")
      #expect(result.err.contains("sqlite:PATH") || result.err.contains("Write memory:"), "\(url)")
      #expect(!result.err.contains("secret"))
    }
    let away = try program.run("keys", "list", "--store", "postgres://me:secret@127.0.0.1:1/db")
    #expect(away.status == 3 && away.err.contains("postgres://me@127.0.0.1:1/db"), "\(away.err)")
    #expect(!away.err.contains("secret"))
    #expect(try program.names() == [])
  }

  @Test("with --json a fault is a problem on stderr")
  func problem() throws {
    let result = try CardeaProgram().run("check", "--json", "--store", "foo:bar")
    #expect(result.status == 2)
    #expect(result.out == "")
    #expect(result.problem?["code"] as? String == "configuration")
    #expect(result.problem?["field"] as? String == "store.url")
    #expect(result.problem?["type"] as? String == "about:blank")
  }

  @Test("check --settings lists every setting with its value and where it came from")
  func settings() throws {
    let program = try CardeaProgram()
    try program.write("server: { port: 1234 }\n", to: "cardea.yaml")
    let json = try program.run(
      "check", "--settings", "--json", environment: ["CARDEA_EXTRACT_HEADERS": "X-A,X-B"])
    #expect(json.status == 0)
    let rows = try #require(json.json?["settings"] as? [[String: Any]])
    let port = try #require(rows.first { $0["name"] as? String == "server.port" })
    #expect(port["value"] as? String == "1234")
    #expect(port["from"] as? String == "cardea.yaml:1")
    #expect(port["environment"] as? String == "CARDEA_SERVER_PORT")
    let headers = try #require(rows.first { $0["name"] as? String == "extract.headers" })
    #expect(headers["value"] as? String == "[X-A, X-B]")
    #expect(headers["from"] as? String == "environment CARDEA_EXTRACT_HEADERS")
    #expect(rows.contains { $0["name"] as? String == "plugins.audit.jsonlines.path" })
    #expect(try program.run("check", "--settings").lines.count == rows.count + 1)
  }

  @Test("plugins lists what is in use, and what could be")
  func plugins() throws {
    let program = try CardeaProgram()
    let people = try program.run("plugins", "--store", "memory:")
    #expect(people.status == 0)
    #expect(people.lines.first?.hasPrefix("KIND") == true)
    #expect(people.out.contains("hasher.pbkdf2_sha512"))
    #expect(!people.out.contains("\u{1b}"))
    let json = try program.run(
      "plugins", "--json", "--store", "memory:",
      environment: ["CARDEA_PLUGINS_AUDIT_JSONLINES_PATH": program.path("audit.jsonl")])
    let rows = try #require(json.json?["plugins"] as? [[String: Any]])
    let states = Dictionary(
      uniqueKeysWithValues: rows.compactMap { row in
        (row["id"] as? String).map { ($0, row["state"] as? String ?? "") }
      })
    #expect(states["store.memory"] == "on")
    #expect(states["audit.jsonlines"] == "on")
    #expect(people.out.contains("audit.jsonlines                       off    path"))
  }
}
