import Foundation
import Testing

/// Every test and every target of `make` that a document names as proof exists.
@Suite struct PromisesTests {
  @Test(arguments: ["SECURITY.md", "Sources/Cardea/Cardea.docc/Features.md"])
  func everyPromiseNamesTestsThatExist(_ document: String) throws {
    let rows = try Repository.text(of: document).split(separator: "\n")
      .filter { $0.hasPrefix("| ") && ($0.contains("Tests") || $0.contains("`make ")) }
    try #require(rows.count > 10)
    let sources = try sources()
    let makefile = try Repository.text(of: "Makefile")
    for row in rows {
      let cells = row.split(separator: "|", omittingEmptySubsequences: false)
      try #require(cells.count == 5, "a row has three cells: \(row)")
      let named = cells[3].matches(of: /`(\w+Tests)(?:\.(\w+))?`/)
      let targets = cells[3].matches(of: /`make ([a-z-]+)/)
      #expect(!named.isEmpty || !targets.isEmpty, "no test proves: \(cells[1])")
      for target in targets {
        #expect(makefile.contains("\n\(target.1): "), "there is no \(target.0)")
      }
      for test in named {
        let function = test.2.map { "func \($0)(" } ?? "@Test"
        let exists = sources.contains {
          $0.contains("struct \(test.1) ") && $0.contains(function)
        }
        #expect(exists, "there is no test \(test.0)")
      }
    }
  }

  private func sources() throws -> [String] {
    let folder = Repository.root.appending(path: "Tests")
    let files = try #require(FileManager.default.enumerator(atPath: folder.path))
    return try files.compactMap { $0 as? String }.filter { $0.hasSuffix("Tests.swift") }
      .map { try Repository.text(of: "Tests/\($0)") }
  }
}
