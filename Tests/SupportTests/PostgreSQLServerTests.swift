import CardeaTestSupport
import Foundation
import Testing

@Suite("The PostgreSQL servers that fail", .timeLimit(.minutes(5)), .serialized)
struct PostgreSQLServerTests {
  /// What a client gets that waits for five seconds at most.
  private func ask(_ url: String, _ sql: String = "SELECT 1") throws -> String {
    // Not `timeout`: it is told of the time by a signal, which is blocked in what this thread starts.
    let waiting =
      "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:], timeout=5).returncode)"
    return try Tool.run(
      "python3",
      ["-c", waiting, "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url, "-c", sql]
    ).trimmingCharacters(in: .newlines)
  }

  @Test("keeps what it was told over a stop without warning, and is gone at the end")
  func stops() throws {
    var server: PostgreSQLServer? = try PostgreSQLServer(settings: ["max_connections": "17"])
    let url = try #require(server?.url("kept", through: []))
    try server?.create("kept")
    #expect(try ask(url, "SHOW max_connections") == "17")
    #expect(try ask(url, "CREATE TABLE t AS SELECT 5 AS n; SELECT n FROM t") == "5")
    try server?.stop(.immediate)
    #expect(throws: Tool.Failure.self) { try ask(url) }
    try server?.start()
    #expect(try ask(url, "SELECT n FROM t") == "5")
    try server?.restart(.fast)
    #expect(try ask(url, "SELECT n FROM t") == "5")
    let folder = try #require(server?.folder)
    server = nil
    #expect(!FileManager.default.fileExists(atPath: folder))
    #expect(throws: Tool.Failure.self) { try ask(url) }
  }

  @Test("roles need their password over TCP, and a certificate is checked")
  func logsIn() throws {
    let server = try PostgreSQLServer.running()
    try server.create("logs_in")
    let url = server.url("logs_in", through: [])
    #expect(try ask(url, "SELECT current_user") == "cardea")
    #expect(throws: Tool.Failure.self) { try ask(url.replacing("open", with: "shut")) }
    let verified = server.url(
      "logs_in", through: [], ["sslmode=verify-full", "sslrootcert=\(server.certificate)"])
    #expect(
      try ask(verified, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == "t")
    #expect(throws: Tool.Failure.self) {
      try ask(verified.replacing("127.0.0.1", with: "127.0.0.2"))
    }
  }

  @Test("a synchronous standby follows, is promoted, and takes the old primary back as its own")
  func followed() throws {
    let primary = try PostgreSQLServer()
    try primary.create("shared")
    let between = try FaultProxy(before: primary.port)
    let standby = try PostgreSQLServer(
      following: primary, name: "second", through: between.port)
    try primary.configure(["synchronous_standby_names": "'second'"])
    let either = primary.url(
      "shared", through: [primary.port, standby.port], ["target_session_attrs=read-write"])
    #expect(try ask(either, "CREATE TABLE t (n int); INSERT INTO t VALUES (1)") == "")
    try standby.waitUntilCaughtUp(with: primary)
    #expect(try standby.query("SELECT n FROM t", in: "shared") == "1")
    #expect(throws: Tool.Failure.self) {
      try standby.query("INSERT INTO t VALUES (2)", in: "shared")
    }
    #expect(try primary.query("SELECT sync_state FROM pg_stat_replication") == "sync")

    // Nothing is acknowledged that the standby does not have.
    between.mode = .drop
    #expect(throws: Tool.Failure.self) { try ask(either, "INSERT INTO t VALUES (3)") }
    between.mode = .pass

    try primary.stop(.immediate)
    try standby.promote()
    #expect(
      try ask(either, "INSERT INTO t VALUES (4); SELECT inet_server_port()") == "\(standby.port)")
    #expect(try ask(either, "SELECT count(*) FROM t WHERE n IN (1, 4)") == "2")

    try primary.follow(standby, name: "first")
    #expect(try primary.query("SELECT pg_is_in_recovery()") == "t")
    #expect(try primary.query("SELECT count(*) FROM t WHERE n IN (1, 4)", in: "shared") == "2")
  }

  @Test("settings can be replaced while it runs")
  func configured() throws {
    let server = try PostgreSQLServer(settings: ["statement_timeout": "7s"])
    #expect(try server.query("SHOW statement_timeout") == "7s")
    try server.configure(["lock_timeout": "9s"])
    #expect(try server.query("SHOW statement_timeout") == "0")
    #expect(try server.query("SHOW lock_timeout") == "9s")
  }

  @Test("a pooler gives a client another connection for each transaction")
  func pooled() throws {
    let server = try PostgreSQLServer()
    try server.create("pooled")
    let pooler = try PgBouncer(before: server, connections: 1)
    let url = server.url("pooled", through: [pooler.port])
    #expect(try ask(url, "SELECT current_user") == "cardea")
    #expect(throws: Tool.Failure.self) { try ask(url.replacing("open", with: "shut")) }
    // Two clients, who share the one connection.
    let process = try ask(url, "SELECT pg_backend_pid()")
    #expect(try ask(url, "SELECT pg_backend_pid()") == process)
  }
}
