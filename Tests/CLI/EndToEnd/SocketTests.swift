import CardeaTestSupport
import Foundation
import Testing

/// `cardea serve --socket`, for a proxy on the same machine.
@Suite("a Unix domain socket", .serialized)
struct SocketTests {
  private func program() throws -> CardeaProgram {
    let program = try CardeaProgram()
    let made = try program.run("init", "--token-file", "admin.token")
    try #require(made.status == 0, "\(made.err)")
    return program
  }

  /// What curl prints of an answer's status to a request over the socket.
  private func status(_ program: CardeaProgram, _ arguments: String...) throws -> String {
    try Tool.run(
      "curl",
      ["-s", "-o", program.path("body"), "-w", "%{http_code}", "--unix-socket", program.path("s")]
        + arguments)
  }

  @Test("it admits its group alone, and believes who comes that way of addresses")
  func serving() throws {
    let program = try program()
    let token = try #require(try program.run("keys", "create", "shop").lines.first)
    let server = try RunningServer(program, ["--socket", program.path("s")])
    #expect(server.address == program.path("s"))
    let mode =
      try FileManager.default.attributesOfItem(atPath: program.path("s"))[
        .posixPermissions] as? Int
    #expect(mode == 0o660)
    #expect(
      try status(
        program, "-H", "X-API-Key: \(token)", "-H", "X-Forwarded-For: 198.51.100.7",
        "http://localhost/auth") == "200")
    #expect(try status(program, "http://localhost/auth") == "401")

    let second = try program.run("serve", "--socket", program.path("s"))
    #expect(second.status == 2)
    #expect(second.err.contains("another process listens on"), "\(second.err)")
    #expect(try status(program, "http://localhost/healthz") == "200")
    #expect(server.stop() == 0)
    let listed = try program.run("audit", "list", "--address", "198.51.100.7", "--json")
    #expect(listed.out.contains("user_logged_in"), "\(listed.out) \(listed.err)")
  }

  @Test("one that a killed server left behind is replaced; anything else is left alone")
  func leftovers() throws {
    let program = try program()
    let first = try RunningServer(program, ["--socket", program.path("s")])
    first.kill()
    #expect(program.exists("s"))
    let second = try RunningServer(program, ["--socket", program.path("s")])
    #expect(try status(program, "http://localhost/healthz") == "200")
    #expect(second.stop() == 0)

    try program.write("somebody's", to: "file")
    let refused = try program.run("serve", "--socket", program.path("file"))
    #expect(refused.status == 2)
    #expect(refused.err.contains("is no socket"), "\(refused.err)")
    #expect(try program.bytes("file") == Data("somebody's".utf8))
    let nowhere = try program.run("serve", "--socket", program.path("no/folder"))
    #expect(nowhere.status == 2)
    let long = try program.run(
      "serve", "--socket", program.path(String(repeating: "x", count: 200)))
    #expect(long.status == 2)
  }
}
