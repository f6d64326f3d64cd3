/// The random bytes before a payload in its digest, so that the digest of an erased payload can't be guessed at.
enum PayloadSalt {
  /// Bytes of every salt. Where it is checked, none of a payload can be passed off as salt: the digest does not say
  /// where one ends and the other begins.
  static let length = 16

  /// Whether the digest is that of the payload under the salt. Of what was erased both are gone.
  static func fits(
    _ salt: [UInt8]?, _ payload: [UInt8]?, _ digest: Digest256, _ primitives: any Primitives
  ) -> Bool {
    guard let salt, let payload else { return salt == nil && payload == nil }
    return salt.count == length && primitives.sha256(salt + payload) == digest
  }
}
