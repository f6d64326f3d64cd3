import Foundation
import Testing

@Suite("cardea doctor")
struct DoctorTests {
  private func program() throws -> CardeaProgram {
    let program = try CardeaProgram()
    let made = try program.run("init", "--token-file", "admin.token")
    try #require(made.status == 0, "\(made.err)")
    return program
  }

  /// The codes of what is found, by level.
  private func codes(_ result: CardeaProgram.Result, _ level: String) throws -> [String] {
    let findings = try #require(result.json?["findings"] as? [[String: Any]])
    return findings.filter { $0["level"] as? String == level }.compactMap { $0["code"] as? String }
  }

  @Test("a fresh installation is well, also while a server uses it")
  func well() throws {
    let program = try program()
    let server = try RunningServer(program, [])
    let result = try program.run("doctor", "--json")
    #expect(result.status == 0, "\(result.err)")
    #expect(try codes(result, "fault") == [])
    #expect(try codes(result, "warning") == [])
    #expect(server.stop() == 0)
    let text = try program.run("doctor")
    #expect(text.lines.last == "0 broken, 0 to look at")
  }

  @Test("what is broken or about to be is named, and the exit code tells")
  func ill() throws {
    let program = try program()
    #expect(try program.run("keys", "create", "soon", "--expires-in", "3d").status == 0)
    chmod(program.path("cardea.sqlite3"), 0o644)
    try program.write("", to: "cardea.sqlite3.restoring.partial")
    let careless = try program.run("doctor", "--json")
    #expect(careless.status == 0)
    #expect(Set(try codes(careless, "warning")) == ["file_open_to_others", "left_behind"])
    #expect(try codes(careless, "note").contains("keys_expiring"))

    // An entry that is not what it was, and a row that refers to nothing.
    try Tool.run(
      "sqlite3", [program.path("cardea.sqlite3")],
      input: """
        PRAGMA foreign_keys = OFF;
        UPDATE signal_log SET signal = 'key_updated' WHERE position = 1;
        UPDATE keys SET owner_id = x'00112233445566778899AABBCCDDEEFF';
        """)
    let broken = try program.run("doctor", "--json")
    #expect(broken.status == 1)
    #expect(Set(try codes(broken, "fault")) == ["database_damaged", "log_broken"])
    #expect(try program.run("doctor", "--store", "sqlite:missing.sqlite3").status == 3)
    try program.write("", to: "empty.sqlite3")
    #expect(try program.run("doctor", "--store", "sqlite:empty.sqlite3").status == 3)
    #expect(try program.bytes("empty.sqlite3").isEmpty)
  }
}
