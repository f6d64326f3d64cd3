import Foundation

/// A folder of a test's own.
final class Folder: Sendable {
  /// One for tests that only need some path that exists.
  static let shared = Folder(
    url: FileManager.default.temporaryDirectory.appending(path: "cardea-kit-shared"))

  private let url: URL

  private init(url: URL) {
    self.url = url
    try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "cardea-kit-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
  }

  deinit { remove() }

  func file(_ name: String) -> String { url.appending(path: name).path(percentEncoded: false) }

  func remove() { try? FileManager.default.removeItem(at: url) }
}
