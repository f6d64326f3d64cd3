import Foundation
import Testing

@Suite("The first key")
struct BootstrapTests {
  private static func isToken(_ text: some StringProtocol) -> Bool {
    String(text).wholeMatch(of: /tok_[A-Za-z0-9]{8}:[A-Za-z0-9]{32}[0-9]{6}/) != nil
  }

  @Test(
    "A6: init prints the token alone on stdout; a second init is refused; --new-admin makes another"
  )
  func initialise() throws {
    let program = try CardeaProgram()
    let first = try program.run("init")
    #expect(first.status == 0)
    #expect(first.lines.count == 1)
    #expect(first.lines.first.map { BootstrapTests.isToken($0) } == true)
    let token = try #require(first.lines.first)
    #expect(!first.err.contains(token))
    #expect(first.err.contains("never expires, scopes cardea:admin"))

    let second = try program.run("init")
    #expect(second.status == 1)
    #expect(second.out == "")
    #expect(second.err.contains("--new-admin"))

    let another = try program.run("init", "--new-admin", "--json")
    #expect(another.status == 0)
    #expect((another.json?["token"] as? String).map { BootstrapTests.isToken($0) } == true)
    let key = try #require(another.json?["key"] as? [String: Any])
    #expect(key["scopes"] as? [String] == ["cardea:admin"])
    #expect(key["expires_at"] is NSNull)

    #expect(try program.run("keys", "verify", "--scope", "anything", input: token).status == 0)
  }

  @Test("init ends with how to serve what it made: from the same store and settings")
  func serveLine() throws {
    let program = try CardeaProgram()
    try program.write("store: { url: sqlite:c.sqlite3 }\n", to: "c.yaml")
    let cases: [([String], String)] = [
      ([], "cardea serve"),
      (["--store", "sqlite:other.sqlite3"], "cardea serve --store sqlite:other.sqlite3"),
      (["--store", "sqlite:it's here"], #"cardea serve --store 'sqlite:it'\''s here'"#),
      (["--config", "c.yaml"], "cardea serve --config c.yaml"),
    ]
    for (options, command) in cases {
      let made = try program.run(["init"] + options)
      #expect(made.status == 0, "\(made.err)")
      #expect(made.err.hasSuffix(" Start the server: \(command)\n"), "\(made.err)")
    }
  }

  @Test("--new-admin makes no store")
  func newAdminNeedsStore() throws {
    let program = try CardeaProgram()
    #expect(try program.run("init", "--new-admin").status == 3)
    #expect(try program.names() == [])
  }

  @Test("--token-file: a new file that only its owner may read; an existing one is left alone")
  func tokenFile() throws {
    let program = try CardeaProgram()
    let made = try program.run("init", "--token-file", "token")
    #expect(made.status == 0)
    #expect(made.out == "")
    let attributes = try FileManager.default.attributesOfItem(atPath: program.path("token"))
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    let text = String(decoding: try program.bytes("token"), as: UTF8.self)
    #expect(BootstrapTests.isToken(text.dropLast()))
    #expect(text.hasSuffix("\n"))
    #expect(!made.err.contains(text.dropLast()))
    #expect(try program.run("keys", "verify", "--token-file", "token").status == 0)

    let again = try program.run("init", "--store", "sqlite:other.db", "--token-file", "token")
    #expect(again.status == 2)
    #expect(try program.bytes("token") == Data(text.utf8))
    // Nothing was changed, as it says: there is no store either.
    #expect(!program.exists("other.db"))
    #expect(try program.run("init", "--store", "sqlite:other.db").status == 0)

    // A refusal leaves no file behind.
    #expect(try program.run("init", "--token-file", "unused").status == 1)
    #expect(!program.exists("unused"))
    let json = try program.run("init", "--new-admin", "--token-file", "third", "--json")
    #expect(json.status == 0)
    #expect(json.json?["token"] == nil)
    #expect(json.json?["key"] != nil)
  }

  @Test(
    "a name that no key can have leaves neither store nor token file", arguments: ["", "a\u{1b}"])
  func badName(name: String) throws {
    let program = try CardeaProgram()
    let result = try program.run("init", "--name", name, "--token-file", "token")
    #expect(result.status == 2)
    #expect(result.err.contains("name"))
    #expect(try program.names() == [])
  }

  @Test("a store that can't be made leaves no token file")
  func noStoreNoTokenFile() throws {
    let program = try CardeaProgram()
    let result = try program.run("init", "--store", "sqlite:missing/a.db", "--token-file", "token")
    #expect(result.status == 3)
    #expect(try program.names() == [])
  }

  @Test("init refuses memory:")
  func initInMemory() throws {
    #expect(try CardeaProgram().run("init", "--store", "memory:").status == 2)
  }

  @Test(
    "serve without a store, a terminal and --init ends with 2, names cardea init, makes nothing")
  func serveWithoutStore() throws {
    let program = try CardeaProgram()
    let result = try program.run("serve", "--port", "0")
    #expect(result.status == 2)
    #expect(result.err.contains("cardea init"))
    #expect(try program.names() == [])
  }

  @Test(
    "serve --init makes a store that is not there, prints the token and a curl line, and serves",
    .timeLimit(.minutes(2)))
  func serveInit() async throws {
    let program = try CardeaProgram()
    let server = try RunningServer(program, ["--init"])
    let token = server.out.trimmingCharacters(in: .newlines)
    #expect(BootstrapTests.isToken(token))
    #expect(server.err.contains("curl -i -H 'X-API-Key: \(token)' \(server.address)/auth"))
    #expect(try await server.authenticate(token) == 200)
    #expect(try await server.authenticate(String(token.dropLast()) + "x") == 401)
    #expect(server.stop() == 0)

    // The same again prints no token.
    let again = try RunningServer(program, ["--init"])
    #expect(again.out == "")
    #expect(!again.err.contains("tok_"))
    #expect(again.err.contains("cardea init --store sqlite:cardea.sqlite3 --new-admin\n"))
    #expect(try await again.authenticate(token) == 200)
    #expect(again.interrupt() == 0)
  }

  @Test(
    "a file of zero bytes is left as it is by everything but init, which makes the store in it",
    .timeLimit(.minutes(2)))
  func zeroBytes() throws {
    let program = try CardeaProgram()
    try program.write("", to: "cardea.sqlite3")
    for words in [
      ["serve", "--port", "0", "--init"], ["check"], ["keys", "list"], ["init", "--new-admin"],
    ] {
      let result = try program.run(words)
      #expect(result.status == 3, "\(words): \(result.out)")
      #expect(
        result.err.contains("./cardea.sqlite3 is an empty file. Restore a backup: cardea restore"),
        "\(words): \(result.err)")
      #expect(try program.bytes("cardea.sqlite3").isEmpty, "\(words)")
    }
    #expect(try program.run("init").status == 0)
    #expect(try program.run("check").status == 0)
  }

  @Test("memory: always gets a first key", .timeLimit(.minutes(2)))
  func memory() async throws {
    let program = try CardeaProgram()
    let server = try RunningServer(program, ["--store", "memory:"])
    let token = server.out.trimmingCharacters(in: .newlines)
    #expect(try await server.authenticate(token) == 200)
    #expect(server.stop() == 0)
    #expect(try program.names() == [])
  }

  @Test("keys revoke in another process is obeyed by a running server", .timeLimit(.minutes(2)))
  func revokeAcrossProcesses() async throws {
    let program = try CardeaProgram()
    #expect(try program.run("init", "--token-file", "admin").status == 0)
    let token = try #require(try program.run("keys", "create", "shop").lines.first)
    let prefix = String(token.prefix { $0 != ":" })
    let server = try RunningServer(program, [])
    #expect(try await server.authenticate(token) == 200)
    #expect(try program.run("keys", "revoke", prefix).status == 0)
    // Within the lease of 1 s; asked until then, and the time limit ends a server that never obeys.
    var status = 200
    while status == 200 { status = try await server.authenticate(token) }
    #expect(status == 401)
    #expect(server.stop() == 0)
  }
}
