import CardeaArgon2
import CardeaContracts
import CardeaDjango
import CardeaHMAC
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

@Suite struct DjangoPBKDF2SHA256HasherTests {
  static let promises = HasherPromises(
    known: [
      .init(
        secret: "E28BTu2c.9iMjnvAkiwMyJmmDTB9kXg0WJHlWi2JS",
        hash: "pbkdf2_sha256$10000$gHCuwG6GIALtezbJnCeMhR$+Qm00udhhRPbZpqSP"
          + "DI0RkH0mHh90RFxEW6/A830GhI=")
    ],
    beyondCeiling: [
      "pbkdf2_sha256$10000001$gHCuwG6GIALtezbJnCeMhR$+Qm00udhhRPbZp"
        + "qSPDI0RkH0mHh90RFxEW6/A830GhI="
    ]
  ) { DjangoPBKDF2SHA256Hasher() }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

@Suite struct DjangoPBKDF2SHA1HasherTests {
  static let promises = HasherPromises(
    known: [
      .init(secret: "password", hash: "pbkdf2_sha1$1000$salt$boi+i61+rp2eEKoGEiQDT+1I0D8=")
    ],
    beyondCeiling: [
      "pbkdf2_sha1$10000001$salt$boi+i61+rp2eEKoGEiQDT+1I0D8="
    ]
  ) { DjangoPBKDF2SHA1Hasher() }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

@Suite struct DjangoSHA512HasherTests {
  static let promises = HasherPromises(
    known: [
      .init(
        secret: "5mmvDmAi.1vtX4SE8ktsbIxi2S7EYeKSLvXGeXHwc",
        hash: "sha512$$7eb07af806725d87b11eec5de8f7bf9f2fc4ace3add494f629f7"
          + "3516c7078418063c192c47eabb51149ac97d4805e2b885ef18a3eb70e8fa84853eb56ac01a37")
    ], parameters: [1]
  ) { DjangoSHA512Hasher() }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

@Suite struct BareSHA256HasherTests {
  static let promises = HasherPromises(
    known: [
      .init(
        secret: "08b474be7422a2d3f2d79b72ca6eb895d1a5b6f6",
        hash: "sha256$$252d9648acb90171781846ddcb62872ffddaa380bd3ebcff2e9a"
          + "aa32c8cf619c")
    ], parameters: [1]
  ) { BareSHA256Hasher() }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

@Suite struct DjangoArgon2HasherTests {
  static let promises = HasherPromises(
    known: [
      .init(
        secret: "Ql2kVeDF.ycJgFv0aTkmCqYaxwLyRQX4z5ymEOz5f",
        hash: "argon2$argon2id$v=19$m=102400,t=2,p=8$N2lMb1RreWc4Smwwa3JURn"
          + "dMVXdrUw$PHTF48xnxtBEeEqZHiJgSy+BHlkMOAhU/jgb1rpG+/s")
    ],
    beyondCeiling: [
      "argon2$argon2id$v=19$m=524289,t=2,p=8$N2lMb1RreWc4Smwwa3JURn"
        + "dMVXdrUw$PHTF48xnxtBEeEqZHiJgSy+BHlkMOAhU/jgb1rpG+/s",
      "argon2$argon2id$v=19$m=102400,t=11,p=8$N2lMb1RreWc4Smwwa3JUR"
        + "ndMVXdrUw$PHTF48xnxtBEeEqZHiJgSy+BHlkMOAhU/jgb1rpG+/s",
      "argon2$argon2id$v=19$m=102400,t=2,p=17$N2lMb1RreWc4Smwwa3JUR"
        + "ndMVXdrUw$PHTF48xnxtBEeEqZHiJgSy+BHlkMOAhU/jgb1rpG+/s",
    ]
  ) { try DjangoArgon2Hasher() }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

@Suite struct DjangoScryptHasherTests {
  static let promises = HasherPromises(
    known: [
      .init(
        secret: "hclRmZZF.lZ3F0t7Qi4YCJ10Xfk7rHLunQt3WuP5W",
        hash: "scrypt$16384$BdllxoyXgR824OF3TxrHfa$8$1$TkSxErhPu0NLIJJjiWO/"
          + "2aZ+YF9O/0Z9gyYSV5G3JFTmwxyCv6DaDdkjIv3uNRHHL1mT62XR/ZteOke25murAA==")
    ],
    beyondCeiling: [
      "scrypt$1048576$BdllxoyXgR824OF3TxrHfa$8$1$TkSxErhPu0NLIJJjiW"
        + "O/2aZ+YF9O/0Z9gyYSV5G3JFTmwxyCv6DaDdkjIv3uNRHHL1mT62XR/ZteOke25murAA==",
      "scrypt$16384$BdllxoyXgR824OF3TxrHfa$8$17$TkSxErhPu0NLIJJjiWO"
        + "/2aZ+YF9O/0Z9gyYSV5G3JFTmwxyCv6DaDdkjIv3uNRHHL1mT62XR/ZteOke25murAA==",
      "scrypt$16384$BdllxoyXgR824OF3TxrHfa$99999999$1$TkSxErhPu0NLI"
        + "JJjiWO/2aZ+YF9O/0Z9gyYSV5G3JFTmwxyCv6DaDdkjIv3uNRHHL1mT62XR/ZteOke25murAA==",
    ], parameters: [1, 3, 4]
  ) { DjangoScryptHasher() }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }
}

#if os(Linux)
  @Suite struct DjangoBcryptSHA256HasherTests {
    static let promises = HasherPromises(
      known: [
        .init(
          secret: "z8SvIgHZ.aDLqpXx2rgbURMOT0R2lrjhkYGevoxjj",
          hash: "bcrypt_sha256$$2b$04$9AVKbY8CeeDBww.ZPC6jj.fd6IvaEXLzApWYGqs"
            + "BfRpx70.h5uN8u")
      ],
      beyondCeiling: [
        "bcrypt_sha256$$2b$16$9AVKbY8CeeDBww.ZPC6jj.fd6IvaEXLzApWYGqs"
          + "BfRpx70.h5uN8u"
      ], parameters: [2, 3]
    ) { DjangoBcryptSHA256Hasher() }.all

    @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
      try await promise.check()
    }
  }
#endif
