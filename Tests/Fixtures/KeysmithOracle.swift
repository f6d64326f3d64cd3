import Foundation

/// What django-keysmith made and how it judged: `Oracle/oracle-keysmith.json`.
package struct KeysmithOracle: Decodable, Sendable {
  package let tokens: [Token]
  package let malformed: [Judged]
  /// Pairs of a text and the six digits of its checksum.
  package let crc: [[String]]

  package struct Token: Decodable, Sendable {
    package let name: String
    package let raw: String
    package let prefix: String
    package let secret: String
    /// The encoded hash of `secret`.
    package let key: String
    package let iterations: Int
    package let state: String
    package let user: String?
    package let scopes: [String]
    /// `accept` and the prefix, or `refuse` and why.
    package let verdict: [String]
    package let refuse: [Refused]

    /// Whether a header can carry it: one row has a namespace that is no ASCII.
    package var isASCII: Bool { raw.utf8.allSatisfy { $0 < 0x80 } }
  }

  package struct Refused: Decodable, Sendable {
    package let why: String
    package let raw: String
  }

  package struct Judged: Decodable, Sendable {
    package let raw: String
    package let verdict: [String]
  }

  /// - Throws: if the file is missing or not of this shape.
  package static func load() throws -> KeysmithOracle {
    try Fixture.decode(KeysmithOracle.self, from: "Oracle/oracle-keysmith.json")
  }
}
