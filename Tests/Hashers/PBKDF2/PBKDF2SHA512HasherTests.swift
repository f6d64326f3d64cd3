import CardeaContracts
import CardeaFormats
import CardeaPBKDF2
import CardeaPluginTestKit
import CardeaTestFixtures
import Testing

@Suite struct PBKDF2SHA512HasherTests {
  static let digest = String(repeating: "A", count: 86) + "=="

  static let promises = HasherPromises(
    known: [
      HasherPromises.Known(
        secret: "F86dfb3IPnieGW3oeZ8kUbUPQq9KSNKp",
        hash: "pbkdf2_sha512$10000$MKDsHHJEh5KtiOK3Xr172N$NIvFmXCRrSCdNV79MSAHHyuAsr/yv4JHpHOFGyqk"
          + "bPgeRq2r5D5A7NQc7MlhKQldkmk8CeTIpUfOg5RtU93yWw==")
    ],
    outdated: ["pbkdf2_sha512$9999$salt$\(digest)", "pbkdf2_sha512$20000$salt$\(digest)"],
    beyondCeiling: [
      "pbkdf2_sha512$10000001$salt$\(digest)", "pbkdf2_sha512$99999999999999999999$salt$\(digest)",
    ]
  ) { try PBKDF2SHA512Hasher(iterations: 10_000) }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }

  /// Each stored hash of the oracle verifies its secret as the format reads it, and refuses every
  /// string that its package refuses; what verifies there belongs to another prefix, which no key
  /// here has.
  @Test(arguments: try KeysmithOracle.load().tokens.indices)
  func judgesAsTheOracleDoes(_ index: Int) throws {
    let oracle = try KeysmithOracle.load()
    let token = oracle.tokens[index]
    let hasher = try PBKDF2SHA512Hasher()
    #expect(try verify(hasher, token.secret, token.key))
    #expect(hasher.needsRehash(EncodedHash(token.key)) == (token.iterations != 100_000))
    #expect(accepts(token.raw, token, hasher) == token.isASCII)
    for refused in token.refuse {
      #expect(!accepts(refused.raw, token, hasher), "\(token.name): \(refused.why)")
    }
    for malformed in oracle.malformed { #expect(!accepts(malformed.raw, token, hasher)) }
  }

  /// Whether format, prefix and hash all say yes.
  private func accepts(
    _ raw: String, _ token: KeysmithOracle.Token, _ hasher: PBKDF2SHA512Hasher
  ) -> Bool {
    let bytes = Array(raw.utf8)
    guard let parsed = KeysmithFormat().parse(bytes.span), case .part(let prefix) = parsed.prefix,
      bytes[prefix].elementsEqual(token.prefix.utf8)
    else { return false }
    let text = String(decoding: bytes[parsed.secret], as: UTF8.self)
    return (try? verify(hasher, text, token.key)) == true
  }

  @Test func writesAsDjangoDoes() throws {
    let fields = try hash(PBKDF2SHA512Hasher(iterations: 12_345), "x").fields
    #expect(fields.count == 4 && fields[0] == "pbkdf2_sha512" && fields[1] == "12345")
    #expect(fields[2].utf8.count == 22)
    #expect(fields[2].allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
    #expect(fields[3].utf8.count == 88 && fields[3].hasSuffix("=="))
  }

  @Test(
    "Spellings that are not the canonical one",
    arguments: [
      "pbkdf2_sha512$+10$salt$\(digest)", "pbkdf2_sha512$010$salt$\(digest)",
      "pbkdf2_sha512$0$salt$\(digest)", "pbkdf2_sha512$1_0$salt$\(digest)",
      "pbkdf2_sha512$10 $salt$\(digest)", "pbkdf2_sha512$\u{0661}$salt$\(digest)",
      "pbkdf2_sha512$10$$\(digest)", "pbkdf2_sha512$10$sa lt$\(digest)",
      "pbkdf2_sha512$10$salt$\(digest.dropLast(2))", "pbkdf2_sha512$10$salt$\(digest)=",
      "pbkdf2_sha512$10$salt$\(digest)\n", "pbkdf2_sha512$10$salt$\(digest.dropLast(3))B==",
      "pbkdf2_sha512$10$salt$AAAA", "pbkdf2_sha512$10$salt$-\(digest.dropFirst())",
      "PBKDF2_SHA512$10$salt$\(digest)", "pbkdf2_sha256$10$salt$\(digest)",
    ])
  func refusesToRead(_ encoded: String) throws {
    let hasher = try PBKDF2SHA512Hasher()
    #expect(throws: HasherError.unreadable(algorithm: "pbkdf2_sha512")) {
      try verify(hasher, "x", encoded)
    }
    #expect(hasher.needsRehash(EncodedHash(encoded)))
  }

  @Test func namesTheCeiling() throws {
    let hasher = try PBKDF2SHA512Hasher()
    #expect(
      throws: HasherError.beyondCeiling(algorithm: "pbkdf2_sha512", limit: "10000000 iterations")
    ) { try verify(hasher, "x", "pbkdf2_sha512$10000001$salt$\(Self.digest)") }
  }

  @Test(arguments: [Int.min, -1, 0, 9_999, 10_000_001, Int.max])
  func refusesIterations(_ iterations: Int) {
    #expect { try PBKDF2SHA512Hasher(iterations: iterations) } throws: { error in
      (error as? ConfigurationFault)?.setting == "hash.pbkdf2_iterations"
    }
  }

  @Test func takesIterationsAtItsLimits() throws {
    #expect(try PBKDF2SHA512Hasher().iterations == 100_000)
    #expect(try PBKDF2SHA512Hasher(iterations: 10_000).iterations == 10_000)
    #expect(try PBKDF2SHA512Hasher(iterations: 10_000_000).iterations == 10_000_000)
  }
}
