import CardeaTestFixtures
import CardeaTestSupport
import Foundation
import Testing

/// P6: numbers that are none of ours, in every option that is a number, a duration or a time.
@Suite("P6: numbers on the command line")
struct NumbersTests {
  private static let numbers = [
    "-1", "9007199254740992", "9223372036854775807", "9223372036854775808", "+5", "٣", "1e3", "NaN",
    "",
  ]

  /// An option, and what it refuses. `PREFIX` stands for a key's.
  struct Option: Sendable, CustomTestStringConvertible {
    let words: [String]
    let name: String
    let refused: [String]

    init(_ words: String, _ name: String, _ refused: [String]) {
      self.words = words.split(separator: " ").map(String.init)
      self.name = name
      self.refused = refused
    }

    var testDescription: String { "\(words.joined(separator: " ")) \(name)" }
  }

  /// With a unit, they are durations that are out of range, or none.
  private static let durations =
    numbers + ["0"]
    + numbers.filter { !$0.isEmpty }.map { "\($0)d" } + ["9999-12-31T23:59:59Z"]
  /// Of a key: beyond what it may live.
  private static let lives = durations + ["0s", "36501d"]
  private static let times =
    numbers + ["0", "10000-01-01T00:00:00Z", "2026-02-30", "0000-00-00T00:00:00Z"]

  static let options: [Option] = [
    Option("keys create n", "--expires-in", lives),
    Option("keys create n", "--expires-at", times + ["9999-12-31T23:59:59Z", "9999-01-01"]),
    Option("keys update PREFIX", "--expires-in", lives),
    Option("keys update PREFIX", "--expires-at", times + ["9999-12-31T23:59:59Z", "9999-01-01"]),
    Option("keys rotate PREFIX", "--overlap", durations + ["8d"]),
    Option("keys list", "--limit", numbers + ["0", "1001"]),
    Option("keys list", "--cursor", numbers + ["0"]),
    Option("keys list", "--created-from", times), Option("keys list", "--created-before", times),
    Option("keys list", "--expires-from", times), Option("keys list", "--expires-before", times),
    Option("keys list", "--older-than", times), Option("keys list", "--unused-since", times),
    Option("owners list", "--limit", numbers + ["0", "1001"]),
    Option("owners list", "--cursor", numbers + ["0"]),
    Option("owners create n", "--max-keys", numbers.filter { $0 != "-1" } + ["-2", "1000000001"]),
    Option("audit list", "--limit", numbers + ["0", "1001"]),
    Option("audit list", "--status", numbers + ["0", "99", "600"]),
    Option("audit list", "--since", times), Option("audit list", "--until", times),
    Option("audit list", "--cursor", numbers + ["0"]),
    Option("audit tail --no-follow", "--lines", numbers + ["1001"]),
    Option("audit prune --dry-run", "--older-than", durations),
    Option(
      "signals dead-letters replay", "--position",
      ["-1", "0"] + numbers.filter { !$0.hasPrefix("9007") && $0 != "9223372036854775807" }),
    Option("serve", "--port", numbers + ["65536"]),
  ]

  @Test(arguments: options)
  func areRefusedBeforeAnythingIsDone(_ option: Option) throws {
    let program = try CardeaProgram()
    #expect(try program.run("init", "--token-file", "admin").status == 0)
    let token = try #require(try program.run("keys", "create", "shop").lines.first)
    let before = try #require(try program.run("keys", "list", "--json").json)
    let words = option.words.map { $0 == "PREFIX" ? String(token.prefix { $0 != ":" }) : $0 }
    for text in option.refused {
      // A value of its own, so that a minus is none of the program's options.
      let result = try program.run(words + ["\(option.name)=\(text)"])
      // 2 where the option can't be read, 1 where the kernel refuses what it says.
      #expect([1, 2].contains(result.status), "\(text): \(result.status) \(result.err)")
      #expect(result.out.isEmpty, "\(text)")
      let name = option.name.dropFirst(2)
      #expect(
        result.err.contains(name) || result.err.contains(name.replacing("-", with: "_"))
          || result.err.contains("server.port"), "\(text): \(result.err)")
    }
    let after = try #require(try program.run("keys", "list", "--json").json)
    #expect(NSDictionary(dictionary: after) == NSDictionary(dictionary: before))
  }

  @Test func whatReachesBeyondAHundredYearsIsRefusedAndImportedAsItIs() throws {
    let program = try CardeaProgram()
    #expect(try program.run("init", "--token-file", "admin").status == 0)
    let far = try program.run("keys", "create", "n", "--expires-at", "9999-12-31T23:59:59Z")
    #expect(far.status == 1 && far.err.contains("never"), "\(far.err)")

    // The other system's "never": kept, and the key can be edited, rotated and used.
    try FileManager.default.copyItem(
      atPath: Fixture.path("Oracle/keysmith.sqlite3"), toPath: program.path("far.sqlite3"))
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o644], ofItemAtPath: program.path("far.sqlite3"))
    try Tool.run(
      "sqlite3", [program.path("far.sqlite3")],
      input: "UPDATE keysmith_token SET expires_at = '9999-12-31 23:59:59' "
        + "WHERE prefix = 'tok_bNG5V0jc';")
    // 1: some of its rows are there to be refused.
    #expect(try program.run("import", "keysmith", "far.sqlite3").status == 1)
    func expiry() throws -> String? {
      try program.run("keys", "show", "tok_bNG5V0jc", "--json").json?["expires_at"] as? String
    }
    #expect(try expiry() == "9999-12-31T23:59:59.000Z")
    #expect(try program.run("keys", "update", "tok_bNG5V0jc", "--name", "other").status == 0)
    let rotated = try program.run("keys", "rotate", "tok_bNG5V0jc")
    let token = try #require(rotated.lines.first)
    #expect(try program.run("keys", "verify", input: token).status == 0)
    #expect(try expiry() == "9999-12-31T23:59:59.000Z")
  }
}
