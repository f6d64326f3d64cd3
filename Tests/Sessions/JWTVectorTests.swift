import CardeaContracts
import CardeaSessions
import CardeaSodium
import CardeaTestFixtures
import Foundation
import Testing

/// What we sign is what others verify: the vectors of RFC 8037 and OpenSSL as a verifier of its own.
@Suite struct JWTVectorTests {
  let primitives: SodiumPrimitives
  let folder: TemporaryFolder

  init() throws {
    primitives = try SodiumPrimitives()
    folder = try TemporaryFolder()
  }

  /// RFC 8037, appendix A.2 and A.3.
  @Test func publishesTheKeyOfTheRFC() throws {
    let key = JSONWebKey(
      primitives.publicKey(of: try SessionRig.privateKey()), primitives: primitives)
    #expect(key.id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
    #expect(
      key.json
        == #"{"alg":"EdDSA","crv":"Ed25519","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","#
        + #""kty":"OKP","use":"sig","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)
  }

  /// RFC 8037, appendix A.4 and A.5.
  @Test func signsAsTheRFCDoes() throws {
    let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    let signature = primitives.sign(Array(input.utf8), with: try SessionRig.privateKey())
    #expect(
      Base64.encodeURL(signature.bytes)
        == "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")
  }

  @Test func saysWhoMayDoWhatUntilWhen() async throws {
    let rig = try await SessionRig(.jwt)
    let key = try await rig.key { $0.owner = OwnerReference(name: "acme") }
    let issued = try await rig.session(of: key.token, scopes: ["orders:read"])
    let parts = issued.token.reveal().split(separator: ".").map { Base64.decodeURL($0.utf8) ?? [] }
    #expect(
      String(decoding: parts[0], as: UTF8.self)
        == #"{"alg":"EdDSA","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","typ":"JWT"}"#)
    let claims = try #require(
      JSONSerialization.jsonObject(with: Data(parts[1])) as? [String: Any])
    let record = key.stored.key
    #expect(claims["iss"] as? String == "cardea")
    #expect(claims["aud"] as? String == "cardea")
    #expect(claims["sub"] as? String == record.ownerID?.text)
    #expect(claims["owner"] as? String == "acme")
    #expect(claims["key_id"] as? String == record.id.text)
    #expect(claims["key_prefix"] as? String == record.prefix)
    #expect(claims["secret_id"] as? String == record.secrets[0].id.text)
    #expect(claims["scope"] as? String == "orders:read")
    #expect(claims["jti"] as? String == issued.session.id.text)
    #expect(claims["iat"] as? Int == 1_795_219_200)
    #expect(claims["exp"] as? Int == 1_795_219_500)
    #expect(claims.count == 11)
    #expect(!issued.token.reveal().contains(key.token.reveal()))
  }

  /// The public key from the published set, given to OpenSSL as X.509 does (RFC 8410, section 4).
  @Test func openSSLVerifiesAToken() async throws {
    let issuer = try SessionRig.jwt(primitives)
    let rig = try await SessionRig(issuer: issuer)
    let token = try await rig.session(of: try await rig.key().token).token.reveal()
    let keySet = try #require(
      JSONSerialization.jsonObject(with: Data(issuer.keySet ?? [])) as? [String: Any])
    let published = try #require((keySet["keys"] as? [[String: Any]])?.first?["x"] as? String)
    let header: [UInt8] = [
      0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00,
    ]
    let der = Data(header + (Base64.decodeURL(published.utf8) ?? []))
    let pem = "-----BEGIN PUBLIC KEY-----\n\(der.base64EncodedString())\n-----END PUBLIC KEY-----\n"
    let parts = token.split(separator: ".")
    let signature = Base64.decodeURL(parts[2].utf8) ?? []
    func verifies(_ message: String) throws -> Bool {
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = [
        "openssl", "pkeyutl", "-verify", "-rawin", "-pubin",
        "-inkey", try folder.write(Array(pem.utf8), to: "public.pem", mode: 0o600),
        "-in", try folder.write(Array(message.utf8), to: "message", mode: 0o600),
        "-sigfile", try folder.write(signature, to: "signature", mode: 0o600),
      ]
      process.standardOutput = FileHandle.nullDevice
      process.standardError = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      return process.terminationStatus == 0
    }
    #expect(try verifies("\(parts[0]).\(parts[1])"))
    #expect(try !verifies("\(parts[0]).\(parts[1])A"))
  }
}
