/// A table of keys in clear and how its service judged: `Oracle/oracle-plain.json`.
package struct PlainOracle: Decodable, Sendable {
  package let keys: [Key]
  package let headers: [Request]

  package struct Key: Decodable, Sendable {
    package let key: String
    package let company: String
    package let verdict: [String]
    package let refuse: [Refused]
  }

  package struct Refused: Decodable, Sendable {
    package let raw: String
  }

  /// A request by its `Authorization` field and its target.
  package struct Request: Decodable, Sendable {
    package let authorization: String?
    package let query: String?
    package let verdict: [String]
  }

  /// - Throws: if the file is missing or not of this shape.
  package static func load() throws -> PlainOracle {
    try Fixture.decode(PlainOracle.self, from: "Oracle/oracle-plain.json")
  }
}
