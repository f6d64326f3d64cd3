import Foundation
import Testing

/// What a server recorded, counted by the command line.
@Suite struct UsageCommandTests {
  @Test func aServersAnswersAreCounted() async throws {
    let program = try CardeaProgram()
    let store = ["--store", "sqlite:keys.sqlite3"]
    let made = try program.run(["init"] + store)
    let token = try #require(made.lines.first)
    let server = try RunningServer(program, store)
    for _ in 0..<3 { #expect(try await server.authenticate(token) == 200) }
    let wrong = String(token.dropLast(7)) + (token.dropLast(6).last == "a" ? "b" : "a")
    #expect(try await server.authenticate(wrong + token.suffix(6)) == 401)
    // What is under way is brought to the store before the end.
    #expect(server.stop() == 0)

    let prefix = try #require(token.split(separator: ":").first.map(String.init))
    let json = try program.run(["keys", "usage", prefix, "--json"] + store)
    #expect(json.status == 0, "\(json.err)")
    #expect(json.json?["verdicts"] as? [String: Int] == ["allowed": 3])
    let table = try program.run(["keys", "usage", prefix, "--days", "1"] + store)
    let words = table.lines.map { $0.split(separator: " ").map(String.init) }
    #expect(words.first == ["DAY", "ALLOWED", "DENIED", "WHY"])
    #expect(words.contains(["all", "3", "0", "-"]), "\(table.out)")
    #expect(words.contains(["(unknown)", "3", "0", "-"]), "\(table.out)")

    for (arguments, status) in [(["nobody"], 1), ([prefix, "--days", "0"], 2), ([token], 2)] {
      #expect(try program.run(["keys", "usage"] + arguments + store).status == Int32(status))
    }
  }
}
