import CardeaContracts
import CardeaHMAC
import CardeaPluginTestKit
import Testing

@Suite struct HMACSHA256HasherTests {
  static func pepper(_ version: String, _ byte: UInt8 = 7) throws -> Pepper {
    try Pepper(version: version, secret: Secret([UInt8](repeating: byte, count: 32)))
  }

  static let known =
    "hmac_sha256$v1$AAECAwQFBgcICQoLDA0ODw==$39ql9WJ8CI7rgUnR7C02nfTxlCq46ydRtzltLd63gwI="

  static let promises = HasherPromises(
    known: [HasherPromises.Known(secret: "SecretValueHere0", hash: known)], outdated: [known]
  ) { try HMACSHA256Hasher(peppers: [pepper("v2", 8), pepper("v1")]) }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }

  @Test func writesUnderTheFirstPepper() throws {
    let hasher = try HMACSHA256Hasher(peppers: [Self.pepper("v2", 8), Self.pepper("v1")])
    let fields = try hash(hasher, "x").fields
    #expect(fields.prefix(2) == ["hmac_sha256", "v2"])
    #expect(fields.count == 4 && fields[2].utf8.count == 24 && fields[3].utf8.count == 44)
    #expect(hasher.cost == .fast)
  }

  @Test func rotatesPeppers() throws {
    let old = try HMACSHA256Hasher(peppers: [Self.pepper("v1")])
    let both = try HMACSHA256Hasher(peppers: [Self.pepper("v2", 8), Self.pepper("v1")])
    let new = try HMACSHA256Hasher(peppers: [Self.pepper("v2", 8)])
    let before = try hash(old, "secret")
    #expect(try verify(both, "secret", before.encoded))
    #expect(both.needsRehash(before) && !old.needsRehash(before))
    let after = try hash(both, "secret")
    #expect(!both.needsRehash(after))
    #expect(try verify(new, "secret", after.encoded))
    #expect(throws: HasherError.pepperMissing(version: "v1")) {
      try verify(new, "secret", before.encoded)
    }
  }

  @Test func verifiesNothingUnderAnotherPepper() throws {
    let hash = try hash(HMACSHA256Hasher(peppers: [Self.pepper("v1", 7)]), "secret")
    let other = try HMACSHA256Hasher(peppers: [Self.pepper("v1", 9)])
    #expect(try !verify(other, "secret", hash.encoded))
  }

  /// The digest covers version and salt, so neither can be changed nor its end moved.
  @Test func bindsVersionAndSalt() throws {
    let hasher = try HMACSHA256Hasher(peppers: [Self.pepper("v1"), Self.pepper("v2")])
    let fields = try hash(hasher, "secret").fields.map { String($0) }
    let renamed = [fields[0], "v2", fields[2], fields[3]].joined(separator: "$")
    #expect(try !verify(hasher, "secret", renamed))
  }

  @Test(
    "Spellings that are not the canonical one",
    arguments: [
      known + "=", String(known.dropLast()), known + "\n", "HMAC" + known.dropFirst(4),
      "hmac_sha256$$AAECAwQFBgcICQoLDA0ODw==$39ql9WJ8CI7rgUnR7C02nfTxlCq46ydRtzltLd63gwI=",
      "hmac_sha256$v-1$AAECAwQFBgcICQoLDA0ODw==$39ql9WJ8CI7rgUnR7C02nfTxlCq46ydRtzltLd63gwI=",
      "hmac_sha256$v1$AAECAwQFBgcICQoLDA0ODw$39ql9WJ8CI7rgUnR7C02nfTxlCq46ydRtzltLd63gwI=",
      "hmac_sha256$v1$AAECAwQFBgcICQoLDA0ODx==$39ql9WJ8CI7rgUnR7C02nfTxlCq46ydRtzltLd63gwI=",
      "hmac_sha256$v1$$39ql9WJ8CI7rgUnR7C02nfTxlCq46ydRtzltLd63gwI=",
      "hmac_sha256$v1$AAECAwQFBgcICQoLDA0ODw==$AAAA",
    ])
  func refusesToRead(_ encoded: String) throws {
    let hasher = try HMACSHA256Hasher(peppers: [Self.pepper("v1")])
    #expect(throws: HasherError.unreadable(algorithm: "hmac_sha256")) {
      try verify(hasher, "x", encoded)
    }
    #expect(hasher.needsRehash(EncodedHash(encoded)))
  }

  @Test func refusesNoPepperAndOneVersionTwice() throws {
    #expect(throws: ConfigurationFault.self) { try HMACSHA256Hasher(peppers: []) }
    let peppers = try [Self.pepper("v1"), Self.pepper("v1", 9)]
    #expect(throws: ConfigurationFault.self) { try HMACSHA256Hasher(peppers: peppers) }
  }
}
