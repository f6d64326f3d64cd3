import Foundation
import Testing
import Yams

/// `openapi.yaml` at the repository's root, with its references followed.
struct OpenAPIDocument {
  /// A call that it describes.
  struct Operation {
    /// In capitals.
    let method: String
    let path: String
    let fields: [String: Any]
    let parameters: [[String: Any]]

    var name: String { "\(method) \(path)" }
  }

  static let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
  static let repository = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  let bytes: Data
  private let root: [String: Any]

  init() throws {
    bytes = try Data(contentsOf: OpenAPIDocument.repository.appending(path: "openapi.yaml"))
    let text = try #require(String(validating: bytes, as: UTF8.self))
    root = try #require(try Yams.load(yaml: text) as? [String: Any])
  }

  func operations() throws -> [Operation] {
    let paths = try #require(root["paths"] as? [String: Any])
    var operations: [Operation] = []
    for (path, item) in paths {
      let item = try object(item)
      for method in OpenAPIDocument.methods {
        guard let fields = item[method.lowercased()] else { continue }
        let operation = try object(fields)
        let parameters = [item, operation].flatMap { $0["parameters"] as? [Any] ?? [] }
        operations.append(
          Operation(
            method: method, path: path, fields: operation,
            parameters: try parameters.map { try object($0) }))
      }
    }
    return operations
  }

  /// An object itself, or what it refers to; its own members come before those.
  func object(_ value: Any?) throws -> [String: Any] {
    let object = try #require(value as? [String: Any])
    guard let reference = object["$ref"] as? String else { return object }
    var found: Any? = root
    for name in reference.split(separator: "/").dropFirst() {
      found = (found as? [String: Any])?[String(name)]
    }
    try #require(found != nil, "\(reference) leads nowhere")
    return try self.object(found).merging(object) { $1 }
  }

  func component(_ kind: String, _ name: String) throws -> [String: Any] {
    try object(["$ref": "#/components/\(kind)/\(name)"])
  }

  func schema(_ name: String) throws -> [String: Any] { try component("schemas", name) }

  /// The schema of a body or an answer.
  func schema(of fields: [String: Any], _ type: String) throws -> [String: Any] {
    let content = try #require(fields["content"] as? [String: Any])
    return try object(try object(content[type])["schema"])
  }

  /// The names of an object's members. No others are taken.
  func members(_ schema: [String: Any]) throws -> Set<String> {
    #expect(schema["additionalProperties"] as? Bool == false)
    return Set(try #require(schema["properties"] as? [String: Any]).keys)
  }

  /// The codes of the problems of each status.
  func codes() throws -> [Int: Set<String>] {
    var codes: [Int: Set<String>] = [:]
    let responses = try #require(
      (root["components"] as? [String: Any])?["responses"] as? [String: Any])
    for response in responses.values {
      let response = try object(response)
      let content = response["content"] as? [String: Any]
      guard let problem = content?["application/problem+json"] else { continue }
      let properties = try object(try object(try object(problem)["schema"])["properties"])
      let status = try #require(try object(properties["status"])["const"] as? Int)
      codes[status] = Set(try #require(try object(properties["code"])["enum"] as? [String]))
    }
    return codes
  }
}
