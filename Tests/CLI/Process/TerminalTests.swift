import CardeaTestSupport
import Foundation
import Testing

@Suite("On a terminal", .timeLimit(.minutes(2)))
struct TerminalTests {
  /// Runs the program on a terminal of its own, types `typing` once it shows `prompt`, and gives
  /// what it showed.
  ///
  /// `script` (util-linux) makes the terminal and hands the program's exit code on.
  private func run(
    _ program: CardeaProgram, _ arguments: [String], prompt: String = "", typing: String = "",
    environment: [String: String] = [:]
  ) throws -> (status: Int32, lines: [String]) {
    let cardea = try program.process(arguments, environment: environment)
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/script")
    process.currentDirectoryURL = program.folder
    process.environment = cardea.environment
    // `exec`: a shell that stays would be ended by Ctrl-C itself, and its exit code be what is seen. Which shell
    // it is depends on SHELL, and not each goes out of the way by itself.
    let command = ["exec", try #require(cardea.executableURL).path] + arguments
    process.arguments = ["-qec", command.joined(separator: " "), "/dev/null"]
    let keyboard = Pipe()
    let screen = Pipe()
    process.standardInput = keyboard
    process.standardOutput = screen
    try process.run()
    var shown = Data()
    var hasTyped = typing.isEmpty
    while true {
      let data = screen.fileHandleForReading.availableData
      if data.isEmpty { break }
      shown += data
      if !hasTyped, String(decoding: shown, as: UTF8.self).contains(prompt) {
        try keyboard.fileHandleForWriting.write(contentsOf: Data(typing.utf8))
        hasTyped = true
      }
    }
    process.waitUntilExit()
    let lines = String(decoding: shown, as: UTF8.self).components(separatedBy: "\r\n")
    return (process.terminationStatus, lines)
  }

  @Test("serve makes a store that is not there without being told, and Ctrl-C ends it with 0")
  func serve() throws {
    let program = try CardeaProgram()
    // End of text: the terminal makes SIGINT of it.
    let result = try run(
      program, ["serve", "--port", "0"], prompt: "(Ctrl-C ends it)", typing: "\u{3}")
    #expect(result.status == 0)
    #expect(result.lines.contains { $0.hasPrefix("tok_") && $0.contains(":") })
    #expect(
      result.lines.contains {
        $0.hasPrefix("  curl -i -H 'X-API-Key: tok_") && $0.hasSuffix("/auth")
      })
    #expect(program.exists("cardea.sqlite3"))
  }

  @Test("what ends a key asks first; only y or yes goes on; --yes does not ask")
  func confirmation() throws {
    let program = try CardeaProgram()
    #expect(try program.run("init", "--token-file", "admin").status == 0)
    let token = try #require(try program.run("keys", "create", "shop").lines.first)
    let prefix = String(token.prefix { $0 != ":" })
    for command in ["revoke", "purge", "rotate"] {
      let refused = try run(program, ["keys", command, prefix], prompt: "[y/N] ", typing: "n\n")
      #expect(refused.status == 1, "\(command): \(refused.lines)")
      #expect(refused.lines.contains { $0.contains("nothing was changed") })
    }
    #expect(try program.run("keys", "verify", input: token).status == 0)
    let agreed = try run(program, ["keys", "revoke", prefix], prompt: "[y/N] ", typing: "y\n")
    #expect(agreed.status == 0)
    #expect(try program.run("keys", "verify", input: token).out == "not valid: revoked\n")
    #expect(try run(program, ["keys", "purge", prefix, "--yes"]).status == 0)
  }

  @Test("colour on a terminal, unless NO_COLOR is set")
  func colour() throws {
    let program = try CardeaProgram()
    let arguments = ["plugins", "--store", "memory:"]
    let terminal = ["TERM": "xterm", "NO_COLOR": ""]
    let coloured = try run(program, arguments, environment: terminal)
    #expect(coloured.lines.first?.contains("\u{1b}[1mKIND\u{1b}[0m") == true)
    let plain = try run(program, arguments, environment: ["TERM": "xterm", "NO_COLOR": "1"])
    #expect(plain.lines.first?.hasPrefix("KIND") == true)
    #expect(!plain.lines.joined().contains("\u{1b}"))
  }

  @Test("an import draws a bar as it goes on; where stderr is no terminal, nothing")
  func importProgress() throws {
    let program = try CardeaProgram()
    try Tool.run(
      "sqlite3", [program.path("source.sqlite3")],
      input: """
        CREATE TABLE tokens (token TEXT);
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4800)
        INSERT INTO tokens SELECT lower(hex(randomblob(20))) FROM n;
        """)
    let arguments = ["import", "plain", "source.sqlite3", "--table", "tokens", "--key", "token"]
    let shown = try run(program, arguments + ["--store", "sqlite:one.sqlite3"])
    #expect(shown.status == 0)
    let screen = shown.lines.joined(separator: "\n")
    for bar in [
      "\r[##########...............] 41 % (2000 of 4800)",
      "\r[####################.....] 83 % (4000 of 4800)",
      "\r[#########################] 100 % (4800 of 4800)\n",
    ] { #expect(screen.contains(bar), "\(screen)") }
    let piped = try program.run(arguments + ["--store", "sqlite:two.sqlite3"])
    #expect(piped.status == 0)
    #expect(piped.err == "")
    #expect(!piped.out.contains("%"))
  }

  @Test("a token that is typed is not shown")
  func hiddenToken() throws {
    let program = try CardeaProgram()
    let token = try #require(try program.run("init").lines.first)
    let result = try run(
      program, ["keys", "verify", "--json"], prompt: "Token: ", typing: token + "\n")
    #expect(result.status == 0)
    #expect(!result.lines.joined().contains(token.drop { $0 != ":" }))
  }
}
