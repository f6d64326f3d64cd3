import Foundation

/// Finds and reads the files of this folder.
package enum Fixture {
  /// Where the file is.
  package static func path(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: name)
      .path(percentEncoded: false)
  }

  /// The file's content.
  package static func data(_ name: String) throws -> Data {
    try Data(contentsOf: URL(filePath: #filePath).deletingLastPathComponent().appending(path: name))
  }

  /// The file's content as JSON of this shape.
  package static func decode<Value: Decodable>(
    _ type: Value.Type, from name: String
  ) throws -> Value {
    try JSONDecoder().decode(type, from: data(name))
  }
}
