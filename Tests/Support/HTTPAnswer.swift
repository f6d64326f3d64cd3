import Foundation

/// An answer as it came over the wire.
public struct HTTPAnswer: Sendable {
  public let status: Int
  /// In order, names in lower case.
  public let fields: [(name: String, value: String)]
  public let body: [UInt8]

  /// Reads one answer; what follows it is dropped.
  public init(_ bytes: [UInt8]) throws {
    guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
      throw HTTPClientError.unreadable(String(decoding: bytes, as: UTF8.self))
    }
    let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
      .components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ")
    guard words.count >= 2, let status = Int(words[1]) else {
      throw HTTPClientError.unreadable(lines[0])
    }
    self.status = status
    fields = lines.dropFirst().map { line in
      let name = line.prefix { $0 != ":" }
      return (
        name.lowercased(),
        line.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
      )
    }
    let rest = bytes[end.upperBound...]
    let length = fields.first { $0.name == "content-length" }.flatMap { Int($0.value) }
    body = Array(rest.prefix(length ?? rest.count))
  }

  /// The value of the first field of that lower-case name.
  public func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }

  public var text: String { String(decoding: body, as: UTF8.self) }

  /// The body as a JSON object; empty if it is none.
  public var json: [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
  }

  public func string(_ name: String) -> String? { json[name] as? String }

  /// A member of the object under a name: `answer.object("key")["id"]`.
  public func object(_ name: String) -> [String: Any] { json[name] as? [String: Any] ?? [:] }

  /// The field names of the answer but for those that differ by nature, in order.
  public var comparableFields: [String] {
    fields.filter { $0.name != "date" && $0.name != "x-request-id" }
      .map { "\($0.name): \($0.value)" }
  }
}
