import CardeaContracts
import Synchronization

/// The id under which logs and the response name a request.
enum RequestID {
  /// The client's own, if it is 1 to 64 letters, digits, `.`, `_` or `-` and holds no token; else 64 bits in
  /// hexadecimal, which need to be distinct, not secret.
  static func accepted(_ given: String?, _ redaction: TokenRedaction) -> String {
    if let given, (1...64).contains(given.utf8.count), given.utf8.allSatisfy(isTaken),
      !redaction.holdsToken(given)
    {
      return given
    }
    return made()
  }

  static func made() -> String {
    text(of: mixed(count.wrappingAdd(golden, ordering: .relaxed).newValue))
  }

  /// Begins where no other process does.
  private static let count = Atomic<UInt64>(UInt64.random(in: .min ... .max))

  private static let golden: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// SplitMix64's output function: one to one, so that what is counted is distinct mixed, too, and looks random.
  private static func mixed(_ count: UInt64) -> UInt64 {
    var bits = (count ^ count >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
  }

  private static func text(of bits: UInt64) -> String {
    String(unsafeUninitializedCapacity: 16) { text in
      for place in 0..<16 {
        let digit = UInt8(truncatingIfNeeded: bits >> (60 - 4 * UInt64(place)) & 15)
        text[place] = digit < 10 ? 0x30 + digit : 0x57 + digit
      }
      return 16
    }
  }

  private static func isTaken(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
    default: false
    }
  }
}
