import CardeaTestSupport
import Foundation
import Testing

/// Tokens where no token belongs, at the whole program.
@Suite struct MisplacedTokenTests {
  private struct Canary {
    let token: String
    /// What follows the prefix.
    var secret: String {
      String(token.split { $0 == ":" || $0 == "_" || $0 == "." }.last ?? "")
    }
  }

  private let store = ["--store", "sqlite:keys.sqlite3"]
  private let dotted = Canary(token: "ed1ZrepU.LcYB3vN8qW2xR7tK5mJ9pH4sD6fG1aZc")

  /// The admin's token, and one of each format; the dotted one is nobody's.
  private func canaries(_ program: CardeaProgram) throws -> (admin: Canary, all: [Canary]) {
    let admin = try #require(try program.run(["init"] + store).lines.last)
    let all = try ["keysmith", "underscore"].map { format in
      Canary(
        token: try #require(
          try program.run(
            ["keys", "create", format] + store, environment: ["CARDEA_TOKEN_FORMAT": format]
          ).lines.last))
    }
    return (Canary(token: admin), all + [dotted])
  }

  /// H6: neither the store's files nor the spool, the audit's listing, its lines, or the log.
  @Test func noneIsInAnythingThatAServerKeeps() async throws {
    let program = try CardeaProgram()
    let (admin, canaries) = try canaries(program)
    let server = try RunningServer(
      program, store,
      environment: [
        "CARDEA_LOG_LEVEL": "trace", "CARDEA_SERVER_TRUSTED_PROXIES": "127.0.0.1/32",
        "CARDEA_PLUGINS_AUDIT_JSONLINES_PATH": "audit.jsonl",
      ])
    let client = HTTPClient(port: try #require(server.port))
    for canary in canaries {
      let token = canary.token
      let encoded = token.replacing(":", with: "%3A").replacing("_", with: "%5f")
      let headers = [
        ("X-API-Key", admin.token), ("User-Agent", "x (\(token))"), ("X-Request-Id", token),
        ("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Method", "GET"),
      ]
      for text in [token, encoded] {
        for target in ["/auth", "/auth/envoy/x/\(text)", "/v1/keys/\(text)", "/\(text)"] {
          let answer = try await client.request(
            "GET", target, headers: headers + [("X-Forwarded-Uri", "/x/\(text)?q=\(text)")])
          #expect(answer.field("x-request-id") != token)
        }
        _ = try await client.json("POST", "/v1/keys/\(text)/rotate", token: admin.token, "{}")
        _ = try await client.json(
          "POST", "/v1/verify", token: admin.token,
          #"{"token":"\#(admin.token)","method":"\#(text)","path":"/\#(text)"}"#)
      }
      // Nothing vouches for it, and what clients draw at random often looks like it.
      if canary.token == dotted.token { continue }
      let refused = try await client.json(
        "POST", "/v1/keys", token: admin.token, #"{"name":"n"}"#,
        headers: [("Idempotency-Key", token)])
      #expect(refused.status == 400)
      #expect(refused.string("field") == "Idempotency-Key")
      #expect(!refused.text.contains(canary.secret))
    }
    // A server that ends moves its spool to the store.
    #expect(server.stop() == 0)
    let next = try RunningServer(program, store)
    let listed = try await HTTPClient(port: try #require(next.port)).json(
      "GET", "/v1/audit?limit=500", token: admin.token)
    #expect(listed.status == 200 && listed.text.contains("<token>"))
    #expect(next.stop() == 0)
    var kept = [("GET /v1/audit", Data(listed.text.utf8)), ("log", Data(server.log().utf8))]
    let files = try #require(FileManager.default.enumerator(atPath: program.folder.path))
    for case let name as String in files {
      if let data = try? program.bytes(name) { kept.append((name, data)) }
    }
    #expect(kept.contains { $0.0 == "keys.sqlite3" } && kept.contains { $0.0 == "audit.jsonl" })
    for (name, data) in kept {
      for canary in canaries + [admin] {
        #expect(data.range(of: Data(canary.secret.utf8)) == nil, "\(name)")
      }
    }
    #expect(try program.run(["audit", "verify"] + store).status == 0)
  }

  /// Neither stream of any command that was given a token where something else belongs.
  @Test func noneIsPrintedThatWasPutInTheWrongPlace() throws {
    let program = try CardeaProgram()
    let (_, canaries) = try canaries(program)
    for canary in canaries {
      let token = canary.token
      for arguments in [
        ["keys", "verify", token], [token], ["keys", token], ["keys", "list", "--cursor", token],
        ["keys", "list", "--sort", token], ["keys", "create", "n", "--expires-in", token],
        ["keys", "create", "n", "--metadata", token], ["keys", "list", "--store", token],
        ["keys", "list", "--config", token], ["serve", "--port", token], ["scan", token],
        ["keys", "show", token], ["keys", "revoke", token, "--yes"],
        ["keys", "verify", "--\(token)"],
        ["keys", "verify", token, "--json"], ["check", "--store", token, "--json"],
      ] {
        let result = try program.run(arguments)
        #expect(result.status != 0, "\(arguments.dropLast())")
        #expect(!(result.out + result.err).contains(canary.secret), "\(arguments.first ?? "")")
      }
      for flag in [[], ["--json"]] {
        let checked = try program.run(
          ["check"] + store + flag, environment: ["CARDEA_ADMIN_TOKEN": token])
        #expect(checked.status == 2)
        #expect(checked.err.contains("CARDEA_ADMIN_TOKEN"))
        #expect(!(checked.out + checked.err).contains(canary.secret))
      }
      let unknown = try program.run(
        ["check"] + store, environment: ["CARDEA_ADMIN_TOKEN": "whatever-it-is"])
      #expect(!unknown.err.contains("whatever-it-is"))
      for reference in [["keys", "show", token], ["keys", "usage", token]] {
        let result = try program.run(reference + store)
        #expect(result.status == 2 && result.err.contains("a whole token on the command line"))
      }
    }
  }

  @Test func noneIsPrintedByAScanThatStandsInAFilesName() throws {
    let program = try CardeaProgram()
    let (_, canaries) = try canaries(program)
    for canary in canaries {
      try program.write("\(canary.token)\n\(canaries[0].token)", to: "\(canary.token).txt")
      for flag in [[], ["--json"]] {
        for path in [".", "\(canary.token).txt", "\(canary.token).gone"] {
          let found = try program.run(["scan", path] + flag)
          #expect(found.status == 1)
          #expect(!(found.out + found.err).contains(canary.secret), "\(found.out)\(found.err)")
        }
      }
      try FileManager.default.removeItem(
        at: program.folder.appending(path: "\(canary.token).txt"))
    }
  }

  /// The one line on stderr that is to have a token.
  @Test func theFirstTokensOwnLineIsWhole() throws {
    let program = try CardeaProgram()
    let server = try RunningServer(program, store + ["--init"])
    #expect(server.stop() == 0)
    let token = server.out.split(separator: "\n").last.map(String.init) ?? ""
    #expect(server.err.contains("curl -i -H 'X-API-Key: \(token)' \(server.address)/auth"))
  }
}
