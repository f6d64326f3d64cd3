import CardeaContracts

/// Primitives for tests: a plain SHA-256 (FIPS 180-4), "random" bytes that a seed decides, so that a
/// failure can be repeated, and "signatures" that are digests of public key and message.
///
/// Never for a service: whoever knows the seed knows every secret, and anybody can sign.
public final class SamplePrimitives: Primitives {
  public let id = "primitives.sample"
  private let state: Locked<UInt64>

  public init(seed: UInt64 = 1) { state = Locked(seed) }

  /// SplitMix64 (Steele, Lea, Flood 2014).
  public func randomBytes(_ count: Int) -> [UInt8] {
    state.withLock { state in
      var bytes: [UInt8] = []
      bytes.reserveCapacity(count)
      while bytes.count < count {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        word ^= word >> 31
        for shift in stride(from: 0, to: 64, by: 8) where bytes.count < count {
          bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
        }
      }
      return bytes
    }
  }

  public func keyedDigest(_ bytes: UnsafeRawBufferPointer) -> Digest128 {
    let digest = sha256(Array("cardea-sample".utf8) + Array(bytes)).bytes
    func word(_ start: Int) -> UInt64 {
      digest[start..<(start + 8)].reduce(0) { $0 << 8 | UInt64($1) }
    }
    return Digest128(low: word(0), high: word(8))
  }

  public func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }

  public func publicKey(of key: Ed25519.PrivateKey) -> Ed25519.PublicKey {
    let digest = key.seed.withUnsafeBytes { sha256(Array($0)).bytes }
    return Ed25519.PublicKey(writing: { $0.update(from: digest, count: 32) })
  }

  public func sign(_ message: [UInt8], with key: Ed25519.PrivateKey) -> Ed25519.Signature {
    signature(of: message, by: publicKey(of: key))
  }

  public func isValid(
    _ signature: Ed25519.Signature, of message: [UInt8], by key: Ed25519.PublicKey
  ) -> Bool {
    signature == self.signature(of: message, by: key)
  }

  private func signature(
    of message: [UInt8], by key: Ed25519.PublicKey
  ) -> Ed25519.Signature {
    let first = sha256(key.bytes + message).bytes
    let digests = first + sha256(first).bytes
    return Ed25519.Signature(writing: { $0.update(from: digests, count: 64) })
  }

  public func sha256(_ bytes: [UInt8]) -> Digest256 {
    var hash = SamplePrimitives.initialHash
    var message = bytes + [0x80]
    message += [UInt8](repeating: 0, count: (120 - message.count % 64) % 64)
    let bits = UInt64(bytes.count) &* 8
    for shift in stride(from: 56, through: 0, by: -8) {
      message.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift)))
    }
    for start in stride(from: 0, to: message.count, by: 64) {
      compress(message[start..<(start + 64)], into: &hash)
    }
    let digest = hash.flatMap { word in
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
    }
    return Digest256(digest) ?? .zero
  }

  private func compress(_ block: ArraySlice<UInt8>, into hash: inout [UInt32]) {
    func rotated(_ word: UInt32, _ by: UInt32) -> UInt32 { (word >> by) | (word << (32 - by)) }
    var schedule = stride(from: block.startIndex, to: block.endIndex, by: 4).map { index in
      block[index..<(index + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }
    for index in 16..<64 {
      let before15 = schedule[index - 15]
      let before2 = schedule[index - 2]
      let first = rotated(before15, 7) ^ rotated(before15, 18) ^ (before15 >> 3)
      let second = rotated(before2, 17) ^ rotated(before2, 19) ^ (before2 >> 10)
      schedule.append(schedule[index - 16] &+ first &+ schedule[index - 7] &+ second)
    }
    var word = hash
    for index in 0..<64 {
      let sum1 = rotated(word[4], 6) ^ rotated(word[4], 11) ^ rotated(word[4], 25)
      let choice = (word[4] & word[5]) ^ (~word[4] & word[6])
      let first =
        word[7] &+ sum1 &+ choice &+ SamplePrimitives.constants[index] &+ schedule[index]
      let sum0 = rotated(word[0], 2) ^ rotated(word[0], 13) ^ rotated(word[0], 22)
      let majority = (word[0] & word[1]) ^ (word[0] & word[2]) ^ (word[1] & word[2])
      word = [
        first &+ sum0 &+ majority, word[0], word[1], word[2], word[3] &+ first, word[4], word[5],
        word[6],
      ]
    }
    for index in 0..<8 { hash[index] &+= word[index] }
  }

  /// FIPS 180-4, section 5.3.3.
  private static let initialHash: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab,
    0x5be0_cd19,
  ]

  /// FIPS 180-4, section 4.2.2.
  private static let constants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
    0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
    0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
    0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
    0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
    0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
    0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
    0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
    0xc671_78f2,
  ]
}
