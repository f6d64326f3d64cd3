import Testing

/// What the documents show as Swift is code that this target compiles.
@Suite struct CodeInDocumentsTests {
  @Test(arguments: Repository.documents)
  func everySwiftBlockStandsInACompiledFile(_ document: String) throws {
    let sources = try Repository.snippets.map(lines(of:))
    for block in try FencedBlock.all(in: document) where block.language == "swift" {
      #expect(
        sources.contains { block.stands(in: $0) },
        "\(block) is not, line by line, in a file of Tests/Docs/Snippets")
    }
  }

  @Test(arguments: Repository.snippets)
  func everyCompiledFileIsShownSomewhere(_ snippet: String) throws {
    let source = try lines(of: snippet)
    let blocks = try Repository.documents.flatMap { try FencedBlock.all(in: $0) }
    #expect(
      blocks.contains { $0.language == "swift" && $0.stands(in: source) },
      "no document shows anything of \(snippet)")
  }

  @Test func aBlockThatWasChangedIsNoticed() throws {
    let block = FencedBlock(
      document: "none", line: 1, language: "swift", mark: nil, lines: ["a {", "", "  b", "}"])
    #expect(block.stands(in: ["x", "  a {", "", "    b", "  }", "y"]))
    #expect(!block.stands(in: ["x", "  a {", "", "    c", "  }", "y"]))
    #expect(!block.stands(in: ["x", "  a {", "", "   b", "  }", "y"]))
    #expect(!block.stands(in: ["a {"]))
  }

  private func lines(of path: String) throws -> [String] {
    try Repository.text(of: path).split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
  }
}
