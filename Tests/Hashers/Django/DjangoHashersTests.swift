import CardeaContracts
import CardeaDjango
import CardeaPluginTestKit
import CardeaTestFixtures
import Testing

/// The hashes that djangorestframework-api-key and Django made, by every algorithm.
@Suite struct DjangoHashersTests {
  private func hasher(for hash: String) throws -> any SecretHasher {
    try #require(
      DjangoHashers().plugins.compactMap { $0 as? any SecretHasher }.first {
        $0.algorithm == EncodedHash(hash).algorithm
      })
  }

  @Test("every key of the oracle verifies, and what it refuses for its bytes does not")
  func oracle() throws {
    var algorithms: Set<String> = []
    var expected: Set = ["sha512", "pbkdf2_sha256", "argon2", "scrypt"]
    var keys = try DRFOracle.load().keys
    #if os(Linux)
      expected.insert("bcrypt_sha256")
    #else
      keys.removeAll { EncodedHash($0.hash).algorithm == "bcrypt_sha256" }
    #endif
    for key in keys {
      let hasher = try hasher(for: key.hash)
      algorithms.insert(hasher.algorithm)
      let hash = EncodedHash(key.hash)
      try hasher.check(hash)
      #expect(try hasher.verify(VerifyRequest(secret: secret(key.raw), hash: hash)), "\(key.name)")
      let wrong = try #require(key.refuse.first)
      #expect(
        try !hasher.verify(VerifyRequest(secret: secret(wrong.raw), hash: hash)), "\(key.name)")
    }
    #expect(algorithms == expected)
  }

  @Test("argon2i, which Django chose before 3.2")
  func argon2i() throws {
    // Made by libsodium: 3 passes over 512 KiB with 1 lane.
    let hash =
      "argon2$argon2i$v=19$m=512,t=3,p=1$6v0vs18tyz+9cWNT5e7Dyg$+44SbRA7tN3bkAvGGPkFX45NcLX/TNPP3oeNlRa10xM"
    let hasher = try DjangoArgon2Hasher()
    #expect(try hasher.verify(VerifyRequest(secret: secret("password"), hash: EncodedHash(hash))))
  }

  @Test("a salt with characters of its own is taken as its bytes")
  func salt() throws {
    // Python: pbkdf2_hmac("sha256", b"password", b"sa/l+t.", 1).
    let hash = "pbkdf2_sha256$1$sa/l+t.$zpX16dioQZSzKoTzy93vJE7JGcDyyIFh8gkZPMkV2ag="
    #expect(try verify(DjangoPBKDF2SHA256Hasher(), "password", hash))
    #expect(try !verify(DjangoPBKDF2SHA256Hasher(), "Password", hash))
  }

  @Test("bytes that look right and are not read")
  func unreadable() {
    let hex = String(repeating: "a", count: 128)
    #expect(throws: HasherError.unreadable(algorithm: "sha512")) {
      try DjangoSHA512Hasher().check(EncodedHash("sha512$salt$\(hex)"))
    }
    #expect(throws: HasherError.unreadable(algorithm: "sha512")) {
      try DjangoSHA512Hasher().check(EncodedHash("sha512$$\(hex.uppercased())"))
    }
    #expect(throws: HasherError.unreadable(algorithm: "scrypt")) {
      // N is no power of 2.
      try DjangoScryptHasher().check(
        EncodedHash("scrypt$16383$salt$8$1$\(String(repeating: "A", count: 86))=="))
    }
    #expect(throws: HasherError.beyondCeiling(algorithm: "scrypt", limit: "512 MiB")) {
      try DjangoScryptHasher().check(
        EncodedHash("scrypt$524288$salt$9$1$\(String(repeating: "A", count: 86))=="))
    }
  }
}
