import Foundation

/// A folder of a test's own, deleted with the last reference.
final class Folder: Sendable {
  let path: String

  init() {
    let url = FileManager.default.temporaryDirectory.appending(
      path: "cardea-example-\(UUID().uuidString)")
    try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path(percentEncoded: false)
  }

  deinit { remove() }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func remove() { try? FileManager.default.removeItem(atPath: path) }
}
