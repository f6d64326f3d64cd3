import CardeaArgon2
import CardeaContracts
import CardeaPluginTestKit
import Testing

@Suite struct Argon2idHasherTests {
  static let secret = "F86dfb3IPnieGW3oeZ8kUbUPQq9KSNKp"
  static let tail = "MDEyMzQ1Njc4OWFiY2RlZg$/8535mknEIWhKwxjTMT/nYr42jK2qhKDVJF/tvlNvJA"

  /// Written by libsodium's own `crypto_pwhash_str`, apart from the first, which is from its tests,
  /// and the last four, which the reference implementation wrote with several lanes.
  static let strings: [(secret: String, hash: String)] = [
    (
      "password",
      "argon2id$v=19$m=256,t=3,p=1$MDEyMzQ1Njc$G5ajKFCoUzaXRLdz7UJb5wGkb2Xt+X5/GQjUYtS2+TE"
    ),
    (
      secret,
      "argon2id$v=19$m=8,t=1,p=1$c48UwLsNCHIKdG47MRsVNw$aIsfpqWw5aX1MZVAClnrCDujtHWtATD1q3d/tkJnPz4"
    ),
    (
      secret,
      "argon2id$v=19$m=1024,t=1,p=1$SynIjM0DwDEdjemzYx6ylw"
        + "$KhOzPvt9TrrnlVI9OFVLZ5LDY4Ce/hJHs4tPNN7mCaA"
    ),
    (
      secret,
      "argon2id$v=19$m=19456,t=2,p=1$bBdVhGBVBdTIPCTId12cTg"
        + "$sEdhfIagnHyNJEyYNoOW90MHLCgVISes7LroQEGK5TE"
    ),
    (
      secret,
      "argon2id$v=19$m=65536,t=3,p=1$7AxWJhRBsj08hRXCgA39kQ"
        + "$2tq9BbVDVjHzHBu/D227wWq3HzVoEezs1NGl4P9WE/s"
    ),
    // RFC 9106, section 4, second recommendation: t=3, p=4, 64 MiB, 128 bits of salt, 256 of tag.
    (
      secret,
      "argon2id$v=19$m=65536,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg"
        + "$lTJ8jc3hgQ78BavW2OuTrQkOgg4bLflXeaKE1arnKOA"
    ),
    // RFC 9106, section 5.3: t=3, p=4, 32 KiB (libsodium takes neither its key nor its data).
    (secret, "argon2id$v=19$m=32,t=3,p=4$" + tail),
    (
      secret,
      "argon2id$v=19$m=1024,t=2,p=16$MDEyMzQ1Njc4OWFiY2RlZg"
        + "$RCl8I1CTaiWEiB9wd1/DGx+5QBvjqihgZ8b3ONyfJkE"
    ),
    (
      "Ql2kVeDF.ycJgFv0aTkmCqYaxwLyRQX4z5ymEOz5f",
      "argon2id$v=19$m=102400,t=2,p=8$N2lMb1RreWc4Smwwa3JURndMVXdrUw"
        + "$PHTF48xnxtBEeEqZHiJgSy+BHlkMOAhU/jgb1rpG+/s"
    ),
  ]

  static let promises = HasherPromises(
    known: strings.prefix(3).map { HasherPromises.Known(secret: $0.secret, hash: $0.hash) },
    outdated: strings.map(\.hash),
    beyondCeiling: [
      "argon2id$v=19$m=524289,t=2,p=1$\(tail)", "argon2id$v=19$m=19456,t=11,p=1$\(tail)",
      "argon2id$v=19$m=19456,t=2,p=17$\(tail)",
      "argon2id$v=19$m=99999999999999999999,t=2,p=1$\(tail)",
    ]
  ) { try Argon2idHasher(operations: 1, mebibytes: 7) }.all

  @Test(arguments: promises) func keeps(_ promise: Promise) async throws {
    try await promise.check()
  }

  @Test(arguments: strings.indices) func verifiesWhatLibrariesWrote(_ index: Int) throws {
    let (secret, encoded) = Self.strings[index]
    let hasher = try Argon2idHasher()
    #expect(try verify(hasher, secret, encoded))
    #expect(try !verify(hasher, secret + "x", encoded))
  }

  @Test func writesTheStringOfLibsodiumWithoutItsFirstDollar() throws {
    let encoded = try hash(Argon2idHasher(), Self.secret).encoded
    #expect(encoded.hasPrefix("argon2id$v=19$m=19456,t=2,p=1$"))
    #expect(try verify(Argon2idHasher(), Self.secret, encoded))
  }

  @Test func wantsAnotherCostMadeAgain() throws {
    let encoded = EncodedHash(Self.strings[3].hash)
    #expect(try !Argon2idHasher().needsRehash(encoded))
    #expect(try Argon2idHasher(operations: 3).needsRehash(encoded))
    #expect(try Argon2idHasher(mebibytes: 20).needsRehash(encoded))
    #expect(
      try Argon2idHasher(operations: 3, mebibytes: 64).needsRehash(
        EncodedHash(Self.strings[5].hash)))
  }

  @Test(
    "Spellings that are not the canonical one",
    arguments: [
      "argon2id$v=16$m=32,t=3,p=4$\(tail)", "argon2id$m=32,t=3,p=4$\(tail)",
      "argon2id$v=19$m=032,t=3,p=4$\(tail)", "argon2id$v=19$m=+32,t=3,p=4$\(tail)",
      "argon2id$v=19$t=3,m=32,p=4$\(tail)", "argon2id$v=19$m=32,t=3$\(tail)",
      "argon2id$v=19$m=32,t=3,p=4,x=1$\(tail)", "argon2id$v=19$m=31,t=3,p=4$\(tail)",
      "argon2id$v=19$m=32,t=0,p=4$\(tail)", "argon2id$v=19$m=32,t=3,p=0$\(tail)",
      "$argon2id$v=19$m=32,t=3,p=4$\(tail)", "argon2i$v=19$m=32,t=3,p=4$\(tail)",
      "argon2id$v=19$m=32,t=3,p=4$\(tail)=", "argon2id$v=19$m=32,t=3,p=4$\(tail)\u{0}",
      "argon2id$v=19$m=32,t=3,p=4$MDEy$/8535mknEIWhKwxjTMT/nYr42jK2qhKDVJF/tvlNvJA",
      "argon2id$v=19$m=32,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$/8535m",
    ])
  func refusesToRead(_ encoded: String) throws {
    let hasher = try Argon2idHasher()
    #expect(throws: HasherError.unreadable(algorithm: "argon2id")) {
      try verify(hasher, Self.secret, encoded)
    }
    #expect(hasher.needsRehash(EncodedHash(encoded)))
  }

  /// The last digit of an unpadded base64 text has bits to spare: only zeros there are the one
  /// spelling.
  @Test func throwsOnADigestWithBitsToSpare() throws {
    let encoded = "argon2id$v=19$m=32,t=3,p=4$" + Self.tail.dropLast() + "B"
    #expect(throws: HasherError.self) { try verify(Argon2idHasher(), Self.secret, encoded) }
  }

  @Test(arguments: [(0, 19), (11, 19), (-1, 19), (2, 6), (2, 513), (2, Int.max), (Int.min, 19)])
  func refusesCosts(_ operations: Int, _ mebibytes: Int) {
    #expect { try Argon2idHasher(operations: operations, mebibytes: mebibytes) } throws: { error in
      let setting = (error as? ConfigurationFault)?.setting
      return setting == (mebibytes == 19 ? "hash.argon2_ops" : "hash.argon2_mib")
    }
  }
}
