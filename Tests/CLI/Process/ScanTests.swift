import Cardea
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaCLI

@Suite("cardea scan")
struct ScanTests {
  /// A program with a store and its admin key.
  private func program() throws -> CardeaProgram {
    let program = try CardeaProgram()
    let made = try program.run("init", "--token-file", "admin.token")
    try #require(made.status == 0, "\(made.err)")
    return program
  }

  private func built(
    _ format: some TokenFormat, _ namespace: String, secret: Int = 32
  ) throws -> (text: String, prefix: String) {
    let built = try format.build(
      TokenRequest(
        namespace: namespace, identifierLength: 8, secretLength: secret,
        primitives: try SodiumPrimitives()))
    return (built.token.reveal(), built.prefix)
  }

  private func scan(_ text: String, piece: Int = .max) -> [TokenScanner.Finding] {
    var scanner = TokenScanner()
    var findings: [TokenScanner.Finding] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      findings += scanner.scan(rest.prefix(piece), isLast: false)
      rest = rest.dropFirst(piece)
    }
    return findings + scanner.scan([], isLast: true)
  }

  @Test("issued tokens are found in files and folders; where, and whose, but never the token")
  func files() throws {
    let program = try program()
    let token = try #require(try program.run("keys", "create", "shop").lines.first)
    let second = try #require(
      try program.run(
        "keys", "create", "shop", environment: ["CARDEA_TOKEN_FORMAT": "underscore"]
      ).lines.first)
    let prefix = String(token.prefix { $0 != ":" })
    let folder = program.folder.appending(path: "tree/deep/er")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try program.write("clean\nAPI_KEY=\"\(token)\"\n", to: "tree/deep/.env")
    try program.write("\(second)", to: "tree/deep/er/a.txt")
    try program.write("nothing here", to: "tree/b.txt")
    try FileManager.default.createSymbolicLink(
      at: folder.appending(path: "loop"), withDestinationURL: folder)

    let found = try program.run("scan", "tree")
    #expect(found.status == 1)
    #expect(
      found.lines == [
        "tree/deep/.env:2:10: \(prefix) (keysmith)",
        "tree/deep/er/a.txt:1:1: \(second.split(separator: "_").dropLast().joined(separator: "_")) (underscore)",
      ])
    #expect(found.err.contains("2 tokens in 3 files."))
    #expect(!found.out.contains(token) && !found.err.contains(token))
    let json = try #require(try program.run("scan", "tree", "--json").json)
    let findings = try #require(json["findings"] as? [[String: Any]])
    #expect(findings.map { $0["prefix"] as? String }.first == prefix)
    #expect(json["files"] as? Int == 3)

    // What a prefix is good for.
    let revoked = try program.run("keys", "revoke", prefix, "--yes")
    #expect(revoked.status == 0, "\(revoked.err)")
    let clean = try program.run("scan", "tree/b.txt")
    #expect(clean.status == 0)
    #expect(clean.err.contains("0 tokens in 1 file."))
    let piped = try program.run("scan", "-", input: "+ \(token)\n")
    #expect(piped.lines == ["-:1:3: \(prefix) (keysmith)"])
  }

  @Test("no store is opened, and what can't be read is named and is not clean")
  func unreadable() throws {
    let program = try CardeaProgram()
    let result = try program.run(
      ["scan", "missing"], environment: ["CARDEA_STORE_URL": "sqlite:nowhere/keys.sqlite3"])
    #expect(result.status == 1)
    #expect(result.err.contains("missing: there is no such file"))
    #expect(try program.run("scan").status == 2)
    #expect(try program.run("scan", "--pattern", "x").status == 2)
    #expect(try program.run("scan", ".", "--store", "sqlite:keys.sqlite3").status == 2)
    #expect(try !program.run("scan", "--help").out.contains("--store"))
  }

  @Test("the printed patterns match what is issued, and other scanners take them")
  func patterns() throws {
    let program = try program()
    for format in ["keysmith", "underscore"] {
      let environment = ["CARDEA_TOKEN_FORMAT": format, "CARDEA_TOKEN_NAMESPACE": "my.shop_v2"]
      let token = try #require(
        try program.run("keys", "create", format, environment: environment).lines.first)
      let patterns = try program.run("scan", "--pattern", "--json", environment: environment).json
      let pattern = try #require(patterns?[format] as? String)
      try program.write("x \(token) y\n", to: "issued")
      try program.write("x \(token.replacing("my.shop", with: "myxshop")) y\n", to: "other")
      let matches = #"grep -Eo -e "$1" "$2" || test $? = 1"#
      func matched(_ file: String) throws -> String {
        try Tool.run("sh", ["-c", matches, "sh", pattern, program.path(file)])
      }
      #expect(try matched("issued") == token + "\n")
      #expect(try matched("other") == "")
    }
  }

  @Test("the guide shows the patterns that the program prints")
  func publishedPatterns() throws {
    let guide = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../../Sources/Cardea/Cardea.docc/LeakedTokens.md")
    let printed = try CardeaProgram().run("scan", "--pattern").lines
    #expect(printed.count == 2)
    let text = try String(contentsOf: guide, encoding: .utf8)
    #expect(text.contains("```\n\(printed.joined(separator: "\n"))\n```"))
  }

  @Test(
    "a token is found wherever it stands, in pieces of any size", arguments: [1, 7, 500, 4_096])
  func pieces(_ piece: Int) throws {
    let first = try built(KeysmithFormat(), "tok")
    let second = try built(UnderscoreFormat(), "live_key", secret: 128)
    let third = try built(KeysmithFormat(), "a.b-c/d", secret: 16)
    let filler = String(repeating: "lorem ipsum: dolor_sit\n", count: 200)
    let text =
      "\(filler)key=\(first.text)&x\r\n\(filler)\n'\(second.text)'\(filler)\(third.text),\(first.text)"
    let found = scan(text, piece: piece)
    #expect(found.map(\.prefix) == [first.prefix, second.prefix, third.prefix, first.prefix])
    #expect(found.map(\.line) == [201, 403, 603, 603])
    #expect(found.first?.column == 5)
  }

  @Test("behind an escape a token begins as well")
  func escapes() throws {
    let token = try built(KeysmithFormat(), "tok")
    for text in [
      #"{"env": "A=1\nKEY=\t\#(token.text)\n"}"#, "key%3D\(token.text)&x", #"\n\#(token.text)"#,
    ] {
      #expect(scan(text).map(\.prefix) == [token.prefix], "\(text.count)")
    }
  }

  @Test("what is no whole token is none: a wrong checksum, a part, something glued to it")
  func others() throws {
    for format in [KeysmithFormat(), UnderscoreFormat()] as [any TokenFormat] {
      let token = try built(format, "tok").text
      #expect(scan(token).count == 1)
      #expect(scan(token + "x").isEmpty)
      #expect(scan(String(token.dropLast())).isEmpty)
      let last: Character = token.last == "0" ? "1" : "0"
      #expect(scan(token.dropLast() + "\(last)").isEmpty)
      #expect(scan("x" + token).isEmpty)
    }
    #expect(scan(String(repeating: "_", count: 5_000)).isEmpty)
    #expect(scan(String(repeating: ":", count: 5_000)).isEmpty)
    #expect(
      scan(String(repeating: "a_b:", count: 2_000) + String(repeating: "c", count: 40)).isEmpty)
  }
}
