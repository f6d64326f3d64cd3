import Cardea
import CardeaContracts

/// Encoded hashes: any text is read or refused by its hasher, and no made-up one matches.
enum HashProperties {
  private static let hashers: [any SecretHasher] =
    ((try? StandardPlugins().plugins) ?? []).compactMap { $0 as? any SecretHasher }

  static func violation(of bytes: [UInt8]) -> String? {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    let hash = EncodedHash(text)
    for hasher in hashers where hash.algorithm == hasher.algorithm {
      _ = hasher.needsRehash(hash)
      // Verified only where the costs that it names are small: a fuzzer has no time for real ones.
      guard isCheap(text) else { continue }
      let request = VerifyRequest(secret: Secret("no such secret".utf8), hash: hash)
      if (try? hasher.verify(request)) == true { return "\(hasher.algorithm): \(text) matches" }
    }
    return nil
  }

  /// No number of more than two digits among the parameters.
  private static func isCheap(_ text: String) -> Bool {
    var digits = 0
    for byte in text.utf8.prefix(64) {
      digits = (0x30...0x39).contains(byte) ? digits + 1 : 0
      if digits > 2 { return false }
    }
    return !text.utf8.starts(with: "bcrypt".utf8)
  }
}
