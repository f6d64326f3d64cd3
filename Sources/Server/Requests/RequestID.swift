/// The id under which logs and the response name a request.
enum RequestID {
  /// The client's own, if it is 1 to 64 letters, digits, `.`, `_` or `-`; else 64 random bits in
  /// hexadecimal, which need to be distinct, not secret.
  static func accepted(_ given: String?) -> String {
    if let given, (1...64).contains(given.utf8.count), given.utf8.allSatisfy(isTaken) {
      return given
    }
    let fresh = String(UInt64.random(in: .min ... .max), radix: 16)
    return String(repeating: "0", count: 16 - fresh.utf8.count) + fresh
  }

  private static func isTaken(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
    default: false
    }
  }
}
