import CardeaContracts

/// Salts of Django's shape.
enum PBKDF2Salt {
  /// 22 characters of 62 are 131 bits: Django's `Hasher.salt`, and above the 128 bits of NIST SP
  /// 800-132.
  static let length = 22
  /// The longest that is read. Django writes 22; imports may hold others.
  static let maximumLength = 128

  private static let characters = Array(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

  /// Bytes of 248 and above are thrown away: they would make eight characters likelier than the
  /// others.
  static func fresh(from primitives: any Primitives) -> [UInt8] {
    var salt: [UInt8] = []
    while salt.count < length {
      for byte in primitives.randomBytes(length) where byte < 248 && salt.count < length {
        salt.append(characters[Int(byte % 62)])
      }
    }
    return salt
  }
}
