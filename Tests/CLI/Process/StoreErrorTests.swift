import Foundation
import Testing

@Suite("Stores that can't be used")
struct StoreErrorTests {
  private static let commands = [
    ["keys", "list"], ["init"], ["serve", "--port", "0"], ["check"], ["owners", "list"],
    ["keys", "create", "k"],
  ]

  @Test("a file that is no database: said so, exit 3, untouched", arguments: commands)
  func noDatabase(command: [String]) throws {
    let program = try CardeaProgram()
    let text = String(repeating: "This is a letter, not a database.\n", count: 100)
    try program.write(text, to: "letter")
    let result = try program.run(command + ["--store", "sqlite:letter"])
    #expect(result.status == 3)
    #expect(result.out == "")
    #expect(result.err.contains("letter"))
    #expect(try program.bytes("letter") == Data(text.utf8))
    #expect(try program.names() == ["letter"])
  }

  @Test("a newer schema: said so, exit 3, untouched", arguments: commands)
  func newerSchema(command: [String]) throws {
    let program = try CardeaProgram()
    #expect(try program.run("init").status == 0)
    // `user_version`, 4 bytes big-endian at offset 60 of the header (sqlite.org/fileformat2.html).
    var bytes = try program.bytes("cardea.sqlite3")
    bytes.replaceSubrange(60..<64, with: [0, 0, 3, 231])
    try bytes.write(to: program.folder.appending(path: "cardea.sqlite3"))
    let result = try program.run(command)
    #expect(result.status == 3, "\(result.err)")
    #expect(try program.bytes("cardea.sqlite3") == bytes)
  }

  @Test(
    "a store that is not there: exit 3, nothing made",
    arguments: [
      ["keys", "list"], ["check"], ["keys", "create", "k"], ["owners", "list"], ["keys", "verify"],
    ])
  func missing(command: [String]) throws {
    let program = try CardeaProgram()
    let result = try program.run(command, input: "tok_ab12CD34:x\n")
    #expect(result.status == 3)
    #expect(result.err.contains("cardea init"))
    #expect(try program.names() == [])
  }

  @Test("a folder that is not there: exit 3")
  func missingFolder() throws {
    let program = try CardeaProgram()
    let result = try program.run("init", "--store", "sqlite:missing/cardea.sqlite3", "--json")
    #expect(result.status == 3)
    #expect(result.problem?["code"] as? String == "store_unavailable")
    #expect(result.problem?["status"] as? Int == 503)
    #expect(try program.names() == [])
  }
}
