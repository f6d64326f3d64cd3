import Foundation
import Testing

@Suite("Help and usage")
struct HelpTests {
  private static let commands = [
    "init", "serve", "keys", "owners", "audit", "import", "scan", "signals", "webhooks", "backup",
    "restore", "check", "doctor", "plugins",
  ]
  private static let webhooks = [
    "create", "list", "show", "update", "delete", "rotate-secret", "test", "dead-letters", "replay",
  ]
  private static let imports = ["keysmith", "drf-api-key", "django-apikey", "plain"]
  private static let keys = [
    "create", "list", "show", "update", "rotate", "complete-rotation", "cancel-rotation", "revoke",
    "suspend", "reactivate", "purge", "verify", "usage",
  ]
  private static let audit = ["list", "tail", "export", "prune", "verify", "init-key"]
  private static let owners = ["create", "list", "show", "update", "disable", "enable"]

  @Test("--help names every command")
  func root() throws {
    let result = try CardeaProgram().run("--help")
    #expect(result.status == 0)
    #expect(result.err == "")
    #expect(HelpTests.listed(result.out) == HelpTests.commands)
  }

  @Test("keys --help and owners --help name every command of theirs")
  func groups() throws {
    let program = try CardeaProgram()
    #expect(HelpTests.listed(try program.run("keys", "--help").out) == HelpTests.keys)
    #expect(HelpTests.listed(try program.run("owners", "--help").out) == HelpTests.owners)
    #expect(HelpTests.listed(try program.run("import", "--help").out) == HelpTests.imports)
    #expect(HelpTests.listed(try program.run("audit", "--help").out) == HelpTests.audit)
    #expect(HelpTests.listed(try program.run("webhooks", "--help").out) == HelpTests.webhooks)
  }

  @Test("every command has an example and explains every option")
  func everyCommand() throws {
    let program = try CardeaProgram()
    let all =
      ["init", "serve", "check", "plugins"].map { [$0] } + HelpTests.keys.map { ["keys", $0] }
      + HelpTests.owners.map { ["owners", $0] } + HelpTests.imports.map { ["import", $0] }
      + HelpTests.audit.map { ["audit", $0] }
      + ["list", "replay"].map { ["signals", "dead-letters", $0] }
      + HelpTests.webhooks.map { ["webhooks", $0] }
    for command in all {
      let result = try program.run(command + ["--help"])
      #expect(result.status == 0, "\(command)")
      #expect(
        result.out.contains("Example:\n  cardea \(command.joined(separator: " "))"), "\(command)")
      for option in ["--config <file>", "--store <url>", "--json"] {
        #expect(result.out.contains(option), "\(command) \(option)")
      }
      let lines = result.out.split(separator: "\n", omittingEmptySubsequences: false)
      for (index, line) in lines.enumerated() where line.hasPrefix("  -") {
        let isExplained =
          line.dropFirst(26).contains { $0 != " " } || lines[index + 1].hasPrefix("     ")
        #expect(isExplained, "\(command): \(line)")
      }
    }
  }

  @Test(
    "wrong usage ends with 2",
    arguments: [
      ["bogus"], ["keys", "bogus"], ["keys", "create"], ["--bogus"],
      ["keys", "list", "--limit", "0"],
      ["keys", "list", "--limit", "+5"], ["keys", "list", "--limit", "٣"],
      ["keys", "list", "--limit", "1e3"], ["keys", "list", "--limit", "9223372036854775807"],
      ["keys", "list", "--cursor", "x"], ["keys", "list", "--sort", "last_used"],
      ["keys", "list", "--state", "dead"],
      ["owners", "create", "bob", "--max-keys", "NaN"],
      ["owners", "create", "bob", "--max-keys", "9223372036854775808"],
      ["keys", "create", "k", "--expires-in", "5"],
      ["keys", "create", "k", "--expires-at", "soon"],
      ["keys", "create", "k", "--expires-in", "1d", "--expires-at", "2030-01-01T00:00:00Z"],
      ["keys", "create", "k", "--scope", "a", "--no-scopes"],
      ["keys", "create", "k", "--metadata", "[]"],
      ["keys", "rotate", "tok_ab12CD34", "--overlap", "never"], ["keys", "show", ""],
      ["keys", "revoke"], ["keys", "revoke", "tok_ab12CD34", "--owner", "alice"],
      ["keys", "revoke", "--unused-since", "+5d"], ["keys", "revoke", "--older-than", "soon"],
      ["keys", "purge", "--metadata", "team"], ["keys", "list", "--metadata", "=x"],
      ["owners", "create", "bob", "--scope", "a"], ["signals", "dead-letters", "replay"],
      ["signals", "dead-letters", "replay", "--position", "-1x"],
    ])
  func usage(arguments: [String]) throws {
    let program = try CardeaProgram()
    let result = try program.run(arguments)
    #expect(result.status == 2)
    #expect(result.out == "")
    #expect(result.err != "")
    #expect(try program.names() == [])
  }

  @Test("a token on the command line is refused and not repeated")
  func tokenAsArgument() throws {
    let result = try CardeaProgram().run("keys", "show", "tok_ab12CD34:abcdefgh")
    #expect(result.status == 2)
    #expect(!result.err.contains("abcdefgh"))
  }

  @Test("--version")
  func version() throws {
    #expect(try CardeaProgram().run("--version").out == "0.1.0\n")
  }

  /// The names below `SUBCOMMANDS:`.
  private static func listed(_ help: String) -> [String] {
    let parts = help.components(separatedBy: "SUBCOMMANDS:\n")
    guard parts.count == 2 else { return [] }
    return parts[1].split(separator: "\n", omittingEmptySubsequences: false).prefix { $0 != "" }
      .filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
      .compactMap { $0.split(separator: " ").first.map(String.init) }
  }
}
