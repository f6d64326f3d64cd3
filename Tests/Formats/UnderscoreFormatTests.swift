import CardeaContracts
import CardeaFormats
import CardeaPluginTestKit
import CardeaTestFixtures
import Testing

@Suite struct UnderscoreFormatTests {
  static let promises =
    TokenFormatPromises(others: { [KeysmithFormat()] }, { UnderscoreFormat() }).all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }

  @Test("P3: 1,000 tokens with each character changed into letters, digits and separators")
  func refusesOneChangedCharacter() throws {
    #expect(try mutationsThatParse(UnderscoreFormat(), tokens: 1_000, seed: 3) == [])
  }

  @Test func writesTheChecksumInBase62() {
    // 0xCBF43926 = 3421780262 = 3·62^5 + 45·62^4 + 35·62^3 + 27·62^2 + 22·62 + 14.
    let digits = UnderscoreFormat.checksum(of: Array("123456789".utf8).span)
    #expect(String(decoding: digits, as: UTF8.self) == "3jZRME")
    #expect(UnderscoreFormat.checksum(of: [UInt8]().span) == Array("000000".utf8))
  }

  @Test func splitsAtTheLastUnderscores() {
    let body = "my_app_ab12CD34_ssssssssssssssss"
    #expect(
      parts(UnderscoreFormat(), withChecksum(body)) == ["my_app_ab12CD34", "ssssssssssssssss"])
  }

  @Test(
    "Right checksum, wrong shape",
    arguments: [
      "tok_ssssssssssssssssssssssssssssssss", "_id_ssssssssssssssssssssssssssssssss",
      "tok__ssssssssssssssssssssssssssssssss", "tok_id_sssssssssssssss",
      "tok_id:ssssssssssssssssssssssssssssssss", "t:k_id_ssssssssssssssssssssssssss",
      "tok_id_ssssssssssss-ssssssssss", "to k_id_sssssssssssssssss", "to,k_id_sssssssssssssssss",
      "t\u{0}k_id_sssssssssssssssss", "tok_id_ssssssssssssssss\u{0}",
      "t\u{e9}k_id_ssssssssssssssss",
      "ssssssssssssssssssssssssssssssss",
    ])
  func refusesWhatIsNoToken(_ body: String) {
    #expect(parts(UnderscoreFormat(), withChecksum(body)) == nil)
  }

  @Test func claimsNoTokenOfTheOracle() throws {
    for token in try KeysmithOracle.load().tokens {
      #expect(parts(UnderscoreFormat(), token.raw) == nil)
    }
  }

  /// Whatever bytes: a keysmith token has a `:`, an underscore token none.
  @Test func sharesNoTokenWithKeysmith() throws {
    let primitives = SamplePrimitives(seed: 5)
    for namespace in ["tok", "my_app", "a.b/c"] {
      for _ in 0..<200 {
        let request = request(namespace: namespace, primitives: primitives)
        let ours = try UnderscoreFormat().build(request).token.reveal()
        let theirs = try KeysmithFormat().build(request).token.reveal()
        #expect(!ours.utf8.contains(UInt8(ascii: ":")) && theirs.utf8.contains(UInt8(ascii: ":")))
        #expect(parts(KeysmithFormat(), ours) == nil && parts(UnderscoreFormat(), theirs) == nil)
      }
    }
  }

  private func withChecksum(_ body: String) -> [UInt8] {
    let bytes = Array(body.utf8)
    return bytes + UnderscoreFormat.checksum(of: bytes.span)
  }
}
