import CardeaContracts
import CardeaFormats
import CardeaPluginTestKit
import CardeaTestFixtures
import Testing

@Suite struct KeysmithFormatTests {
  static let promises =
    TokenFormatPromises(others: { [UnderscoreFormat()] }, { KeysmithFormat() }).all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }

  @Test func readsEveryTokenOfTheOracle() throws {
    let tokens = try KeysmithOracle.load().tokens
    #expect(tokens.count == 20)
    for token in tokens where token.isASCII {
      #expect(parts(KeysmithFormat(), token.raw) == [token.prefix, token.secret], "\(token.name)")
    }
  }

  @Test func refusesTheTokenThatIsNoASCII() throws {
    let tokens = try KeysmithOracle.load().tokens.filter { !$0.isASCII }
    #expect(tokens.map(\.name) == ["ns-unicode"])
    for token in tokens { #expect(parts(KeysmithFormat(), token.raw) == nil) }
  }

  @Test func refusesEveryMalformedTokenOfTheOracle() throws {
    let malformed = try KeysmithOracle.load().malformed
    #expect(malformed.count == 15)
    for row in malformed { #expect(parts(KeysmithFormat(), row.raw) == nil, "\(row.raw)") }
  }

  @Test func refusesEveryBadChecksumOfTheOracle() throws {
    let refused = try KeysmithOracle.load().tokens.flatMap(\.refuse)
    let bad = refused.filter { $0.why == "bad checksum" }
    #expect(bad.count == 20)
    for row in bad { #expect(parts(KeysmithFormat(), row.raw) == nil, "\(row.raw)") }
  }

  @Test("P3: 1,000 tokens with each character changed into letters, digits and separators")
  func refusesOneChangedCharacter() throws {
    // Six decimal digits let one in a million pass, here of three million; MutationTests sees those refused, too.
    #expect(try mutationsThatParse(KeysmithFormat(), tokens: 1_000, seed: 3).count < 20)
  }

  @Test func readsAnyLengthThatOthersMade() {
    for (prefix, secret) in [
      ("a_b", 16), ("a_b", 128), ("my_long_app_0", 40),
      (String(repeating: "n", count: 246) + "_x", 99),
      ("_x_y", 32), ("a-b.c/d_9", 32),
    ] {
      let body = prefix + ":" + String(repeating: "s", count: secret)
      #expect(parts(KeysmithFormat(), withChecksum(body))?.first == prefix)
    }
  }

  @Test(
    "Right checksum, wrong shape",
    arguments: [
      "tok:ssssssssssssssssssssssssssssssss", "_id:ssssssssssssssssssssssssssssssss",
      "tok_:ssssssssssssssssssssssssssssssss", "tok_id:sssssssssssssss",
      ":ssssssssssssssssssssssssssssssss", "tok_id:ssssssssssssssss_sssssssss",
      "tok_id:ssssssss:ssssssssssssssss", "t:k_id:ssssssssssssssssssssssssss",
      "tok_i-d:ssssssssssssssssssssssssss", "to k_id:ssssssssssssssssssssssssss",
      "to,k_id:ssssssssssssssssssssssssss", "tok_id:sssssssssssssssssssssss ",
      "tok_id:ssssssssssssssss\u{0}", "t\u{0}k_id:ssssssssssssssss", "tok_id\u{0}:ssssssssssssssss",
      "t\u{7f}k_id:ssssssssssssssss", "t\u{e9}k_id:ssssssssssssssss", "tok_id:ssssssssssssss\u{e9}",
      "tok_id",
    ])
  func refusesWhatIsNoToken(_ body: String) {
    #expect(parts(KeysmithFormat(), withChecksum(body)) == nil)
  }

  @Test func refusesLengthsBeyondItsLimits() {
    let long = String(repeating: "n", count: 247) + "_id:ssssssssssssssss"
    #expect(parts(KeysmithFormat(), withChecksum(long)) == nil)
    let secret = "tok_id:" + String(repeating: "s", count: 129)
    #expect(parts(KeysmithFormat(), withChecksum(secret)) == nil)
  }

  /// PBKDF2 takes `k` and `k` followed by NUL for the same: no token may hold one.
  @Test func letsNoNULThrough() throws {
    let built = try KeysmithFormat().build(request())
    let token = Array(built.token.reveal().utf8)
    for index in 0...token.count {
      var longer = token
      longer.insert(0, at: index)
      #expect(KeysmithFormat().parse(longer.span) == nil)
      var body = Array(token.dropLast(6))
      if index <= body.count {
        body.insert(0, at: index)
        let checked = body + KeysmithFormat.checksum(of: body.span)
        #expect(KeysmithFormat().parse(checked.span) == nil)
      }
    }
  }

  @Test func buildsUnderThePrefixOfAnotherFormat() throws {
    let theirs = try UnderscoreFormat().build(request())
    let ours = try KeysmithFormat().build(request(prefix: theirs.prefix))
    #expect(ours.prefix == theirs.prefix)
    #expect(parts(KeysmithFormat(), ours.token.reveal()) == [ours.prefix, ours.secret.reveal()])
  }

  @Test func saysWhatItCannotBuild() {
    #expect(throws: FormatError.invalid(field: "secret_length", reason: "it is not 16 to 128")) {
      try KeysmithFormat().build(request(secretLength: 15))
    }
    #expect(throws: FormatError.invalid(field: "identifier_length", reason: "it is not 4 to 64")) {
      try KeysmithFormat().build(request(identifierLength: 3))
    }
  }

  private func withChecksum(_ body: String) -> [UInt8] {
    let bytes = Array(body.utf8)
    return bytes + KeysmithFormat.checksum(of: bytes.span)
  }
}
