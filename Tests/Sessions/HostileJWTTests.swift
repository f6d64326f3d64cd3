import CardeaContracts
import CardeaSessions
import CardeaSodium
import Foundation
import Testing

/// Tokens that are not what we wrote, each refused for its own reason; most are signed with our own key, so that
/// nothing but the one thing is wrong.
@Suite struct HostileJWTTests {
  let primitives: SodiumPrimitives
  let key: Ed25519.PrivateKey
  let issuer: JWTSessions
  let now = Timestamp(milliseconds: 1_795_219_300_000)
  let header = #"{"alg":"EdDSA","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","typ":"JWT"}"#
  let claims =
    #"{"aud":"cardea","exp":1795219500,"iat":1795219200,"iss":"cardea","#
    + #""jti":"019a0000-0000-7000-8000-000000000001","#
    + #""key_id":"019a0000-0000-7000-8000-000000000002","key_prefix":"tok_ab12CD34","#
    + #""scope":"orders:read","secret_id":"019a0000-0000-7000-8000-000000000003","#
    + #""sub":"019a0000-0000-7000-8000-000000000002"}"#

  init() throws {
    primitives = try SodiumPrimitives()
    key = try SessionRig.privateKey()
    issuer = try SessionRig.jwt(primitives)
  }

  private func signed(_ header: String, _ claims: String) -> String {
    sign("\(Base64.encodeURL(header.utf8)).\(Base64.encodeURL(claims.utf8))")
  }

  private func sign(_ input: String) -> String {
    "\(input).\(Base64.encodeURL(primitives.sign(Array(input.utf8), with: key).bytes))"
  }

  private func refusal(_ token: String, at now: Timestamp? = nil) -> SessionRefusal? {
    do throws(SessionRefusal) {
      _ = try issuer.read(Secret(Array(token.utf8)), at: now ?? self.now)
      return nil
    } catch { return error }
  }

  @Test func takesWhatItWouldWrite() throws {
    let session = try issuer.read(Secret(Array(signed(header, claims).utf8)), at: now)
    #expect(session.id.text == "019a0000-0000-7000-8000-000000000001")
    #expect(session.keyID.text == "019a0000-0000-7000-8000-000000000002")
    #expect(session.secretID.text == "019a0000-0000-7000-8000-000000000003")
    #expect(session.prefix == "tok_ab12CD34")
    #expect(session.scopes == ["orders:read"])
    #expect(session.expiresAt == Timestamp(milliseconds: 1_795_219_500_000))
  }

  @Test func refusesAnotherHeader() {
    let kid = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    let cases: [(String, SessionRefusal)] = [
      (#"{"alg":"none","typ":"JWT"}"#, .algorithm),
      (#"{"alg":"None","kid":"\#(kid)","typ":"JWT"}"#, .algorithm),
      (#"{"alg":"none","kid":"\#(kid)","typ":"JWT"}"#, .algorithm),
      (#"{"alg":"HS256","kid":"\#(kid)","typ":"JWT"}"#, .algorithm),
      (#"{"alg":"RS256","kid":"\#(kid)","typ":"JWT"}"#, .algorithm),
      (#"{"alg":"Ed25519","kid":"\#(kid)","typ":"JWT"}"#, .algorithm),
      (#"{"kid":"\#(kid)","typ":"JWT"}"#, .algorithm),
      (#"{"alg":"EdDSA","kid":"\#(kid)","typ":"at+jwt"}"#, .type),
      (#"{"alg":"EdDSA","kid":"\#(kid)","typ":"jwt"}"#, .type),
      (#"{"alg":"EdDSA","kid":"\#(kid)"}"#, .type),
      (#"{"alg":"EdDSA","kid":"AAAA_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","typ":"JWT"}"#, .key),
      (#"{"alg":"EdDSA","typ":"JWT"}"#, .key),
      (#"{"alg":"EdDSA","kid":"../../dev/null","typ":"JWT"}"#, .key),
      // Ours in every value, but not as we write it.
      (#"{"alg":"EdDSA","crit":["b64"],"kid":"\#(kid)","typ":"JWT"}"#, .malformed),
      (#"{"alg":"EdDSA","jku":"https://x.test/k","kid":"\#(kid)","typ":"JWT"}"#, .malformed),
      (#"{"alg":"EdDSA","jwk":{"kty":"OKP"},"kid":"\#(kid)","typ":"JWT"}"#, .malformed),
      (#"{"alg":"EdDSA","kid":"\#(kid)","kid":"\#(kid)","typ":"JWT"}"#, .malformed),
      (#"{"typ":"JWT","alg":"EdDSA","kid":"\#(kid)"}"#, .malformed),
      (#"{"alg":"EdDSA","kid":"\#(kid)","typ":"JWT"} "#, .malformed),
      (#"{"alg":"EdDSA", "kid":"\#(kid)","typ":"JWT"}"#, .malformed),
      (#"{"alg":5,"kid":"\#(kid)","typ":"JWT"}"#, .malformed),
      (#"{"alg":"EdDSA""#, .malformed), ("[]", .malformed), ("", .malformed),
    ]
    for (other, expected) in cases {
      #expect(refusal(signed(other, claims)) == expected, "\(other)")
    }
    // Which of two algorithms a parser takes does not matter: neither way is it ours.
    let twice = refusal(
      signed(#"{"alg":"none","alg":"EdDSA","kid":"\#(kid)","typ":"JWT"}"#, claims))
    #expect(twice == .algorithm || twice == .malformed)
    // Without a signature, as `none` has it.
    let unsigned = Base64.encodeURL(#"{"alg":"none","typ":"JWT"}"#.utf8)
    #expect(refusal("\(unsigned).\(Base64.encodeURL(claims.utf8)).") == .algorithm)
  }

  @Test func refusesOtherClaims() {
    func with(_ old: String, _ new: String) -> String {
      signed(header, claims.replacing(old, with: new))
    }
    let cases: [(String, SessionRefusal)] = [
      (with(#""iss":"cardea""#, #""iss":"cardeA""#), .issuer),
      (with(#""iss":"cardea""#, #""iss":"""#), .issuer),
      (with(#""aud":"cardea""#, #""aud":"other""#), .audience),
      (with(#""aud":"cardea""#, #""aud":["cardea"]"#), .malformed),
      (with("1795219500", "1795219300"), .expired),
      (with("1795219500", "-1"), .expired),
      (with("1795219500", "1795219500.5"), .malformed),
      (with("1795219500", "1.7952195e9"), .malformed),
      (with("1795219500", "+1795219500"), .malformed),
      (with("1795219500", "9223372036854775807"), .malformed),
      (with("1795219500", "9223372036854775808"), .malformed),
      (with("1795219500", "\"1795219500\""), .malformed),
      (with(#""exp":1795219500,"#, ""), .malformed),
      (with(#""exp":1795219500,"#, #""exp":1795219500,"exp":1999999999,"#), .malformed),
      (
        with(#""scope":"orders:read""#, #""scope":"orders:read","scope":"cardea:admin""#),
        .malformed
      ),
      (with(#""scope":"orders:read""#, #""scope":["orders:read"]"#), .malformed),
      (with(#""iss":"cardea""#, #""iss":"cardea","nbf":1"#), .malformed),
      (with(#""iss":"cardea""#, #""iss":"c\u0061rdea""#), .malformed),
      (with("019a0000-0000-7000-8000-000000000001", "1"), .malformed),
      (with("{", "{ "), .malformed), (signed(header, claims + "\n"), .malformed),
      (signed(header, ""), .malformed), (signed(header, "[]"), .malformed),
      (signed(header, "{}"), .malformed), (signed(header, "null"), .malformed),
      (signed(header, String(repeating: "[", count: 2_000)), .malformed),
    ]
    for (token, expected) in cases { #expect(refusal(token) == expected, "\(token)") }
    #expect(refusal(signed(header, claims), at: Timestamp(milliseconds: 1_795_219_499_999)) == nil)
    #expect(
      refusal(signed(header, claims), at: Timestamp(milliseconds: 1_795_219_500_000)) == .expired)
  }

  @Test func refusesAnotherSpelling() {
    let good = signed(header, claims)
    let parts = good.split(separator: ".").map(String.init)
    let spellings = [
      good + "=", good + "==", good + ".", "." + good, good + ".x", good + "\n", " " + good,
      "\(parts[0])=.\(parts[1]).\(parts[2])", "\(parts[0]).\(parts[1])=.\(parts[2])",
      good.replacing("-", with: "+").replacing("_", with: "/") + "", "\(parts[0])..\(parts[2])",
      "\(parts[0]).\(parts[1])", "\(parts[0]).\(parts[1]).", "..", "",
      "\(parts[0]).\(parts[1]).\(parts[2].dropLast())",
    ]
    for token in spellings where token != good {
      #expect(refusal(token) != nil, "\(token)")
    }
    // The unused bits of the last digit of 64 bytes.
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    for digit in alphabet where digit != good.last {
      #expect(refusal(good.dropLast() + String(digit)) != nil)
    }
  }

  @Test func refusesEveryTokenWithOneOtherCharacter() {
    let good = Array(signed(header, claims).utf8)
    for index in good.indices {
      for byte in [good[index] ^ 1, good[index] ^ 0x20, UInt8(ascii: "."), UInt8(ascii: "A")]
      where byte != good[index] {
        var other = good
        other[index] = byte
        #expect(refusal(String(decoding: other, as: UTF8.self)) != nil, "\(index)")
      }
    }
  }

  @Test func refusesAnotherKeysSignature() throws {
    let input = "\(Base64.encodeURL(header.utf8)).\(Base64.encodeURL(claims.utf8))"
    let other = try SessionRig.privateKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
    let signature = primitives.sign(Array(input.utf8), with: other)
    #expect(refusal("\(input).\(Base64.encodeURL(signature.bytes))") == .signature)
    let zeros = [UInt8](repeating: 0, count: 64)
    #expect(refusal("\(input).\(Base64.encodeURL(zeros))") == .signature)
    #expect(refusal("\(input).\(Base64.encodeURL(zeros + [0]))") == .malformed)
  }

  @Test func acceptsOldKeysAndSignsWithTheFirst() throws {
    let new = try SessionRig.privateKey("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
    let old = Secret(Array(signed(header, claims).utf8))
    let during = try SessionRig.jwt(primitives, keys: [new, key])
    #expect(throws: Never.self) { try during.read(old, at: now) }
    let set = String(decoding: during.keySet ?? [], as: UTF8.self)
    #expect(set.components(separatedBy: #""kid":"#).count == 3)
    let after = try SessionRig.jwt(primitives, keys: [new])
    #expect(throws: SessionRefusal.key) { try after.read(old, at: now) }
    #expect {
      try SessionRig.jwt(primitives, keys: [new, key, new])
    } throws: { error in
      (error as? ConfigurationFault)?.setting == "sessions.signing_key_files"
    }
  }

  @Test func aKeyThatIsDrawnIsItsOwn() throws {
    let first = try SessionRig.jwt(primitives, keys: [])
    let second = try SessionRig.jwt(primitives, keys: [])
    #expect(first.keySet != second.keySet)
    #expect(first.keySet != nil)
  }
}
