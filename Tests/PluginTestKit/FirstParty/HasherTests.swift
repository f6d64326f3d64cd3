import CardeaArgon2
import CardeaHMAC
import CardeaKernel
import CardeaPBKDF2
import CardeaPluginTestKit
import Testing

@Suite struct PBKDF2SHA512HasherTests {
  static let promises = HasherPromises(
    known: [
      // Made by Python's hashlib: pbkdf2_hmac("sha512", b"password", b"salt", 1000).
      .init(
        secret: "password",
        hash: "pbkdf2_sha512$1000$salt$"
          + "r+bFUweFtsxrHGRTOEcxvV7kMu5Un9QvtmlXea2KHFv1neacSPd078QAfVKY+QM8AkHVq2kwXntk7O642DTP7A=="
      )
    ],
    outdated: [
      "pbkdf2_sha512$9999$salt$"
        + "r+bFUweFtsxrHGRTOEcxvV7kMu5Un9QvtmlXea2KHFv1neacSPd078QAfVKY+QM8AkHVq2kwXntk7O642DTP7A=="
    ],
    beyondCeiling: [
      "pbkdf2_sha512$10000001$salt$"
        + "r+bFUweFtsxrHGRTOEcxvV7kMu5Un9QvtmlXea2KHFv1neacSPd078QAfVKY+QM8AkHVq2kwXntk7O642DTP7A=="
    ]
  ) { try PBKDF2SHA512Hasher(iterations: 10_000) }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

@Suite struct Argon2idHasherTests {
  static let promises = HasherPromises(
    outdated: [
      "argon2id$v=19$m=7168,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$DWSPchUWT3DNv3H5Y2x0c2FsdHNhbHRzYWx0c2E"
    ],
    beyondCeiling: [
      "argon2id$v=19$m=524289,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$DWSPchUWT3DNv3H5Y2x0c2FsdHNhbHRzYWx0c2E",
      "argon2id$v=19$m=7168,t=11,p=1$c2FsdHNhbHRzYWx0c2FsdA$DWSPchUWT3DNv3H5Y2x0c2FsdHNhbHRzYWx0c2E",
      "argon2id$v=19$m=7168,t=1,p=17$c2FsdHNhbHRzYWx0c2FsdA$DWSPchUWT3DNv3H5Y2x0c2FsdHNhbHRzYWx0c2E",
    ]
  ) { try Argon2idHasher(operations: 1, mebibytes: 7) }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

@Suite struct HMACSHA256HasherTests {
  static let promises = HasherPromises(
    outdated: ["hmac_sha256$v1$c2FsdHNhbHRzYWx0c2FsdA==$AAAA"]
  ) {
    try HMACSHA256Hasher(peppers: [
      Pepper(version: "v2", secret: Secret([UInt8](repeating: 2, count: 32))),
      Pepper(version: "v1", secret: Secret([UInt8](repeating: 1, count: 32))),
    ])
  }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}
