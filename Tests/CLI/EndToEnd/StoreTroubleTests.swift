import CardeaTestSupport
import Foundation
import Testing

/// A PostgreSQL server that does not let a node in, or not as it needs: said by name, and nobody is allowed by it.
@Suite("A PostgreSQL server in trouble", .serialized) struct StoreTroubleTests {
  /// What goes wrong while a node serves.
  private enum Trouble: CaseIterable {
    case wrongPassword, noDatabase, noTLS, otherCertificate, readOnly, exhausted, newerTables

    /// What the log and `/readyz` say of it.
    var said: String {
      switch self {
      case .wrongPassword: "password authentication failed"
      case .noDatabase: "does not exist"
      case .noTLS: "does not support SSL"
      case .otherCertificate: "certificate verify failed"
      case .readOnly: "read-only"
      case .exhausted: "too many connections"
      case .newerTables: "a newer program has changed the database's tables"
      }
    }
  }

  private let server: PostgreSQLServer
  private let name = "trouble"
  private let program: CardeaProgram

  init() throws {
    server = try PostgreSQLServer()
    try server.createWithTables(name)
    program = try CardeaProgram()
  }

  private var url: String {
    server.url(
      name, through: [],
      ["sslmode=verify-full", "sslrootcert=\(server.certificate)", "lookup_deadline=2s"])
  }

  @Test("each trouble is named in the log and at /readyz, denies, and is over without a restart")
  func whileServing() async throws {
    let made = try program.run("init", "--store", url)
    try #require(made.status == 0, "\(made.err)")
    let admin = try #require(made.out.split(separator: "\n").last.map(String.init))
    let node = try RunningServer(program, ["--store", url])
    let ended = [
      try await token(node, admin, "revoke"), try await token(node, admin, "suspend"),
    ]
    for trouble in Trouble.allCases {
      try await node.waits(for: 200, with: admin)
      try begin(trouble)
      // Whatever the store says, what has ended stays out, and past the lease nothing is allowed from memory.
      let ready = try await answer(of: node) { $0.status == 503 && $0.text.contains(trouble.said) }
      #expect(ready.json["code"] as? String == "store_unavailable", "\(trouble): \(ready.text)")
      for secret in [
        PostgreSQLServer.password, "another word", "\\\"cardea\\\"", "\\\"\(name)\\\"",
      ] {
        #expect(!ready.text.contains(secret), "\(trouble): \(ready.text)")
      }
      try await node.waits(for: 503, with: admin)
      for token in ended { #expect(try await node.authenticate(token) != 200, "\(trouble)") }
      try await node.logs(trouble.said)
      try end(trouble)
      _ = try await answer(of: node) { $0.status == 200 }
    }
    for token in ended { #expect(try await node.authenticate(token) == 401) }
    #expect(node.stop() == 0)
    #expect(!node.log().contains(PostgreSQLServer.password))
  }

  @Test("a program that can't begin says why, without a password")
  func beginning() throws {
    let made = try program.run("init", "--store", url)
    try #require(made.status == 0, "\(made.err)")
    for trouble in Trouble.allCases {
      try begin(trouble)
      for command in [["serve", "--port", "0"], ["keys", "list"]] {
        let result = try program.run(command + ["--store", url])
        #expect(result.status == 3, "\(trouble): \(result.err)")
        let said = trouble == .newerTables ? "a newer one was here" : trouble.said
        #expect(result.err.contains(said), "\(trouble): \(result.err)")
        #expect(!result.err.contains("is not known"), "nothing was begun: \(result.err)")
        #expect(!result.err.contains(PostgreSQLServer.password))
      }
      try end(trouble)
      #expect(try program.run("keys", "list", "--store", url).status == 0)
    }
  }

  /// The rotation has ended the old token by then.
  @Test("a new token that its file does not take is on standard output")
  func fullTokenFile() throws {
    let made = try program.run("init", "--store", url)
    let prefix = try #require(made.lines.first?.prefix { $0 != ":" })
    let process = try program.process([
      "keys", "rotate", String(prefix), "--yes", "--token-file", "token.txt", "--store", url,
    ])
    let executable = try #require(process.executableURL).path
    process.executableURL = URL(filePath: "/bin/sh")
    // No file may grow; what goes to pipes and sockets may.
    process.arguments =
      ["-c", #"trap '' XFSZ; ulimit -f 0; exec "$0" "$@""#, executable] + (process.arguments ?? [])
    let (out, err) = (Pipe(), Pipe())
    process.standardOutput = out
    process.standardError = err
    try process.run()
    let token = String(
      decoding: try out.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    let said = String(decoding: try err.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 1)
    #expect(said.contains("the token could not be written to token.txt"), "\(said)")
    #expect(!FileManager.default.fileExists(atPath: program.path("token.txt")))
    let verified = try program.run("keys", "verify", "--store", url, input: token)
    #expect(verified.status == 0, "\(verified.out)\(verified.err)")
  }

  /// Of a key on which that was done.
  private func token(
    _ node: RunningServer, _ admin: String, _ action: String
  ) async throws -> String {
    let made = try await node.call("POST", "/v1/keys", admin, #"{"name":"ended","scopes":[]}"#)
    let key = try #require(made.json["key"] as? [String: Any])
    let id = try #require(key["id"] as? String)
    #expect(try await node.call("POST", "/v1/keys/\(id)/\(action)", admin).status == 200)
    return try #require(made.json["token"] as? String)
  }

  /// What `/readyz` answers, once it is as wanted.
  private func answer(
    of node: RunningServer, _ isWanted: (HTTPAnswer) -> Bool
  ) async throws -> HTTPAnswer {
    var last: HTTPAnswer?
    for _ in 0..<3_000 {
      let answer = try await node.call("GET", "/readyz", "")
      if isWanted(answer) { return answer }
      last = answer
      try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record("/readyz goes on to answer \(last?.text ?? "")")
    return try #require(last)
  }

  // MARK: Trouble

  private func begin(_ trouble: Trouble) throws {
    switch trouble {
    case .wrongPassword: try server.query("ALTER ROLE cardea PASSWORD 'another word'")
    case .noDatabase:
      try server.query("ALTER DATABASE \(name) ALLOW_CONNECTIONS false")
      try disconnect()
      try server.query("ALTER DATABASE \(name) RENAME TO elsewhere")
    case .noTLS: try server.configure(["ssl": "off"])
    case .otherCertificate:
      try server.query(
        """
        COPY (SELECT 1 WHERE false) TO PROGRAM 'openssl req -x509 -newkey ec -pkeyopt
          ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=another -addext
          subjectAltName=IP:127.0.0.1 -keyout another-key.pem -out another.pem 2>/dev/null'
        """.replacing("\n", with: " "))
      try server.configure([
        "ssl_cert_file": "'another.pem'", "ssl_key_file": "'another-key.pem'",
      ])
    case .readOnly:
      try server.query("ALTER DATABASE \(name) SET default_transaction_read_only = on")
    case .exhausted: try server.query("ALTER ROLE cardea CONNECTION LIMIT 0")
    case .newerTables:
      return try server.run("UPDATE cardea.schema_version SET version = version + 1", in: name)
    }
    try disconnect()
  }

  private func end(_ trouble: Trouble) throws {
    switch trouble {
    case .wrongPassword:
      try server.query("ALTER ROLE cardea PASSWORD '\(PostgreSQLServer.password)'")
    case .noDatabase:
      try server.query("ALTER DATABASE elsewhere RENAME TO \(name)")
      try server.query("ALTER DATABASE \(name) ALLOW_CONNECTIONS true")
    case .noTLS, .otherCertificate: try server.configure([:])
    case .readOnly:
      try server.query("ALTER DATABASE \(name) RESET default_transaction_read_only")
    case .exhausted: try server.query("ALTER ROLE cardea CONNECTION LIMIT -1")
    case .newerTables:
      try server.run("UPDATE cardea.schema_version SET version = version - 1", in: name)
    }
  }

  /// Whoever is connected has to begin anew.
  private func disconnect() throws {
    try server.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'cardea'")
  }
}
