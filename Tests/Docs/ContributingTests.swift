import CardeaTestSupport
import Foundation
import Testing

/// CONTRIBUTING.md says where things go and what to copy: whoever does so has something that compiles.
@Suite struct ContributingTests {
  /// A row of the table under "Where things go".
  struct Row: Sendable, CustomTestStringConvertible {
    let kind: String
    let place: String
    let tests: String
    let example: String
    var testDescription: String { kind }

    /// The first thing in backticks, or what a link points to.
    static func path(_ cell: Substring) -> String {
      let path = cell.firstMatch(of: /`([^`]+)`/)?.1 ?? cell.firstMatch(of: /\]\(([^)]+)\)/)?.1
      return path.map(String.init) ?? ""
    }
  }

  static let rows: [Row] = {
    let lines = (try? Repository.text(of: "CONTRIBUTING.md"))?.split(separator: "\n") ?? []
    return lines.drop { $0 != "## Where things go" }.dropFirst(3).prefix { $0.hasPrefix("| ") }
      .map { line in
        let cells = line.split(separator: "|")
        return Row(
          kind: cells[0].trimmingCharacters(in: .whitespaces), place: Row.path(cells[1]),
          tests: Row.path(cells[2]), example: Row.path(cells[3]))
      }
  }()

  @Test func everyKindHasARow() {
    let kinds = Set(ContributingTests.rows.map(\.kind))
    #expect(
      kinds.isSuperset(of: [
        "a hasher", "a token format", "an extractor", "a store", "a policy",
        "a listener or an audit sink", "a session issuer", "primitives",
      ]), "\(kinds)")
  }

  @Test(arguments: rows) func whatItNamesIsThere(_ row: Row) throws {
    let place = row.place.replacing("<Name>/", with: "")
    #expect(Repository.exists(place), "\(place)")
    // `there` is beside the thing itself.
    #expect(row.tests.isEmpty || Repository.exists(row.tests), "\(row.tests)")
    #expect(row.example.isEmpty || example(of: row) != nil, "\(row.example)")
  }

  /// A file is copied beside its neighbours under another name; a target of its own as a whole.
  @Test(
    arguments: rows.filter {
      $0.place.hasPrefix("Sources/Plugins/") && !$0.example.hasSuffix(".md")
    }
  )
  func theCopyCompiles(_ row: Row) throws {
    let original = try #require(example(of: row))
    let copies = FileManager.default.temporaryDirectory.appending(path: "copy-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: copies, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: copies) }
    var sources: [String]
    if original.hasSuffix(".swift") {
      let name = try #require(original.split(separator: "/").last).dropLast(6)
      let copy = copies.appending(path: "Copied\(name).swift")
      try Repository.text(of: original).replacing(name, with: "Copied\(name)")
        .write(to: copy, atomically: true, encoding: .utf8)
      sources = try files(in: row.place) + [copy.path]
    } else {
      sources = try files(in: original)
    }
    try Tool.run(
      "swiftc",
      [
        "-typecheck", "-parse-as-library", "-swift-version", "6", "-enable-upcoming-feature",
        "ExistentialAny", "-warnings-as-errors", "-module-name", "Copied",
        "-package-name", packageName, "-I", try modules(),
      ] + systemLibraries() + sources)
  }

  /// As SwiftPM makes it from the folder's name: in lower case, as an identifier of C.
  private var packageName: String {
    let name = Repository.root.lastPathComponent.lowercased()
    let characters = name.map { $0.isASCII && !$0.isLetter && !$0.isNumber ? "_" : $0 }
    return (name.first?.isNumber ?? true ? "_" : "") + String(characters)
  }

  /// The file or folder that is to be copied, from the root: below the place, or below the plugins.
  private func example(of row: Row) -> String? {
    ["", row.place, "Sources/Plugins/"].map { $0 + row.example }.first { Repository.exists($0) }
  }

  private func files(in folder: String) throws -> [String] {
    let root = Repository.root.appending(path: folder)
    let names = try #require(FileManager.default.enumerator(atPath: root.path))
    return names.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }
      .map { root.appending(path: $0).path }
  }

  private func systemLibraries() -> [String] {
    ["COpenSSL", "CSodium", "CCrypt"].flatMap {
      ["-I", Repository.root.appending(path: "Sources/System/\($0)").path]
    }
  }

  /// Where the build that this test belongs to has put its modules.
  private func modules() throws -> String {
    var folders = Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent() }
    folders.append(Bundle.main.bundleURL)
    folders += CommandLine.arguments.prefix(1).map { URL(filePath: $0).deletingLastPathComponent() }
    return try #require(
      folders.map { $0.appending(path: "Modules").path }.first {
        FileManager.default.fileExists(atPath: "\($0)/CardeaContracts.swiftmodule")
      }, "the contracts are not beside the test bundle")
  }
}
