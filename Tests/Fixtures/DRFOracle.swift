/// What djangorestframework-api-key made and how it judged: `Oracle/oracle-drf.json`.
package struct DRFOracle: Decodable, Sendable {
  package let keys: [Key]
  package let malformed: [Refused]

  package struct Key: Decodable, Sendable {
    package let name: String
    package let raw: String
    package let prefix: String
    /// The encoded hash of the whole of `raw`.
    package let hash: String
    package let state: String
    package let verdict: String
    package let refuse: [Refused]

    private enum CodingKeys: String, CodingKey {
      case name, raw, prefix, state, verdict, refuse
      case hash = "hashed_key"
    }
  }

  package struct Refused: Decodable, Sendable {
    package let raw: String
  }

  /// - Throws: if the file is missing or not of this shape.
  package static func load() throws -> DRFOracle {
    try Fixture.decode(DRFOracle.self, from: "Oracle/oracle-drf.json")
  }
}
