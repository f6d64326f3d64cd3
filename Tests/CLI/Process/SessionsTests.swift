import Foundation
import Testing

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// Sessions of a real server with signing keys as operators make them.
@Suite struct SessionsTests {
  private func makeKey(_ program: CardeaProgram, _ name: String) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "openssl", "genpkey", "-algorithm", "ed25519", "-out", program.path(name),
    ]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o600], ofItemAtPath: program.path(name))
  }

  private func call(
    _ server: RunningServer, _ method: String, _ path: String, _ header: String, _ token: String
  ) async throws -> (status: Int, json: [String: Any]) {
    var request = URLRequest(url: try #require(URL(string: server.address + path)))
    request.httpMethod = method
    request.setValue(token, forHTTPHeaderField: header)
    let (data, response) = try await URLSession.shared.data(for: request)
    return (
      try #require(response as? HTTPURLResponse).statusCode,
      (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] ?? [:]
    )
  }

  /// A restart, a change of keys and another process: tokens last as long as their key is named.
  @Test func tokensOutliveTheProcessAsLongAsTheirKeyIsNamed() async throws {
    let program = try CardeaProgram()
    for name in ["old.pem", "new.pem"] { try makeKey(program, name) }
    func configure(_ files: String) throws {
      try program.write(
        """
        store: { url: "sqlite:keys.sqlite3" }
        sessions: { signing_key_files: [\(files)], header: X-Ticket, audience: orders }
        """, to: "cardea.yaml")
    }
    try configure("old.pem")
    let key = try program.run("init").lines.last ?? ""
    var server = try RunningServer(program, [])
    let made = try await call(server, "POST", "/v1/sessions", "X-API-Key", key)
    #expect(made.status == 201)
    let token = try #require(made.json["token"] as? String)
    #expect(try await call(server, "GET", "/auth", "X-Ticket", token).status == 200)
    // The command line verifies it by itself.
    let verified = try program.run("keys", "verify", "--json", input: token)
    #expect(verified.status == 0)
    #expect((verified.json?["session"] as? [String: Any])?["id"] != nil)
    #expect(server.stop() == 0)

    try configure("new.pem, old.pem")
    server = try RunningServer(program, [])
    #expect(try await call(server, "GET", "/auth", "X-Ticket", token).status == 200)
    let next = try await call(server, "POST", "/v1/sessions", "X-API-Key", key)
    let nextToken = try #require(next.json["token"] as? String)
    #expect(nextToken.split(separator: ".")[0] != token.split(separator: ".")[0])
    let set = try await call(server, "GET", "/.well-known/jwks.json", "X-API-Key", "")
    #expect((set.json["keys"] as? [Any])?.count == 2)
    #expect(server.stop() == 0)

    try configure("new.pem")
    server = try RunningServer(program, [])
    #expect(try await call(server, "GET", "/auth", "X-Ticket", token).status == 401)
    #expect(try await call(server, "GET", "/auth", "X-Ticket", nextToken).status == 200)
    #expect(
      try await call(server, "DELETE", "/v1/sessions/current", "X-Ticket", nextToken).status == 204)
    #expect(try await call(server, "GET", "/auth", "X-Ticket", nextToken).status == 401)
    #expect(server.stop() == 0)
    let refused = try program.run("keys", "verify", input: token)
    #expect(refused.status == 1)
    #expect(refused.out == "not valid: session_key\n")
  }

  @Test func checkSaysWhatToThinkOf() throws {
    let program = try CardeaProgram()
    #expect(try program.run("init").status == 0)
    let drawn = try program.run("check", "--json")
    #expect(drawn.out.contains("sessions_key_drawn"))
    #expect(!drawn.out.contains("sessions_outlive_keys"))
    let long = try program.run("check", "--json", environment: ["CARDEA_SESSIONS_TTL": "6m"])
    #expect(long.out.contains("sessions_outlive_keys"))
    for environment in [
      ["CARDEA_SESSIONS_ENABLED": "false"], ["CARDEA_SESSIONS_FORMAT": "opaque"],
    ] {
      let other = try program.run("check", "--json", environment: environment)
      #expect(other.status == 0)
      #expect(!other.out.contains("sessions_key_drawn"))
    }
  }

  @Test func everyFaultIsListed() throws {
    let program = try CardeaProgram()
    try makeKey(program, "open.pem")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o644], ofItemAtPath: program.path("open.pem"))
    try program.write("no key", to: "text.pem")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o600], ofItemAtPath: program.path("text.pem"))
    try program.write(
      """
      sessions:
        format: jws
        ttl: 2h
        header: "X Session"
        audience: ""
        signing_key_files: [open.pem, text.pem, absent.pem]
      """, to: "cardea.yaml")
    let result = try program.run("check")
    #expect(result.status == 2)
    let heads = result.err.split(separator: "\n").filter {
      $0.hasPrefix("  ") && !$0.hasPrefix("   ")
    }
    #expect(
      heads == [
        "  cardea.yaml:2: sessions.format = jws", "  cardea.yaml:3: sessions.ttl = 2h",
        "  cardea.yaml:4: sessions.header = X Session", "  cardea.yaml:5: sessions.audience = ",
        "  cardea.yaml:6: sessions.signing_key_files = open.pem",
        "  cardea.yaml:6: sessions.signing_key_files = text.pem",
        "  cardea.yaml:6: sessions.signing_key_files = absent.pem",
      ], "\(result.err)")
    let sliding = try program.run(
      "check", "--config", "/dev/null", environment: ["CARDEA_SESSIONS_SLIDING": "true"])
    #expect(sliding.status == 2)
    #expect(sliding.err.contains("sessions.sliding"))
  }
}
