import CardeaContracts
import CardeaPBKDF2
import Testing

@Suite struct PBKDF2Tests {
  /// The inputs of RFC 6070 with SHA-512, as they are published beside its SHA-1 vectors; computed
  /// a second time with Python's hashlib.
  static let vectors: [(password: String, salt: String, iterations: Int, derived: String)] = [
    (
      "password", "salt", 1,
      "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252"
        + "c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce"
    ),
    (
      "password", "salt", 2,
      "e1d9c16aa681708a45f5c7c4e215ceb66e011a2e9f0040713f18aefdb866d53c"
        + "f76cab2868a39b9f7840edce4fef5a82be67335c77a6068e04112754f27ccf4e"
    ),
    (
      "password", "salt", 4096,
      "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5"
        + "143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5"
    ),
    (
      "passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096,
      "8c0511f4c6e597c6ac6315d8f0362e225f3c501495ba23b868c005174dc4ee71"
        + "115b59f9e60cd9532fa33e0f75aefe30225c583a186cd82bd4daea9724a3d3b8"
    ),
  ]

  @Test(arguments: vectors.indices) func agreesWithThePublishedVectors(_ index: Int) throws {
    let vector = Self.vectors[index]
    let derived = try PBKDF2.derive(
      secret(vector.password), salt: Array(vector.salt.utf8), iterations: vector.iterations)
    #expect(hex(derived) == vector.derived)
  }

  @Test func failsWithoutATrap() {
    #expect(throws: HasherError.self) {
      try PBKDF2.derive(secret("x"), salt: [1], iterations: Int.max)
    }
    #expect(throws: HasherError.self) { try PBKDF2.derive(secret("x"), salt: [1], iterations: 0) }
  }

  /// Why the token grammar excludes NUL: HMAC pads its key with zeros.
  @Test func cannotTellATrailingNUL() throws {
    let salt = Array("salt".utf8)
    #expect(
      try PBKDF2.derive(secret("k"), salt: salt, iterations: 2)
        == PBKDF2.derive(secret("k\u{0}"), salt: salt, iterations: 2))
  }
}
