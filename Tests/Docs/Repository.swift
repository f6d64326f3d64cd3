import Foundation
import Testing

/// The files of this repository, as the tests of the documentation read them.
enum Repository {
  static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// What people read: the files at the top and the guides.
  static let documents: [String] = {
    let catalogue = "Sources/Cardea/Cardea.docc"
    let guides = files(in: catalogue, suffix: ".md").map { "\(catalogue)/\($0)" }
    return files(in: ".", suffix: ".md") + guides
  }()

  /// The files whose code the documents show.
  static let snippets = files(in: "Tests/Docs/Snippets", suffix: ".swift").map {
    "Tests/Docs/Snippets/\($0)"
  }

  static func text(of path: String) throws -> String {
    let data = try Data(contentsOf: root.appending(path: path))
    return try #require(String(validating: data, as: UTF8.self), "\(path) is not UTF-8")
  }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appending(path: path).path)
  }

  private static func files(in folder: String, suffix: String) -> [String] {
    let names =
      (try? FileManager.default.contentsOfDirectory(
        atPath: root.appending(path: folder).path)) ?? []
    return names.filter { $0.hasSuffix(suffix) }.sorted()
  }
}
