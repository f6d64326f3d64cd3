#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension UUID {
  /// A UUID of version 7 (RFC 9562, section 5.7): 48 bits of milliseconds, then 74 random bits, so ids
  /// sort by time of creation. Foundation makes version 4 only.
  /// - Parameter random: at least 10 random bytes.
  package static func version7(at time: Timestamp, random: [UInt8]) -> UUID {
    let milliseconds = UInt64(max(0, time.milliseconds))
    func clock(_ shift: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: milliseconds >> shift) }
    return UUID(
      uuid: (
        clock(40), clock(32), clock(24), clock(16), clock(8), clock(0),
        0x70 | (random[0] & 0x0F), random[1], 0x80 | (random[2] & 0x3F), random[3], random[4],
        random[5], random[6], random[7], random[8], random[9]
      ))
  }

  /// The lower-case form that every JSON and every header uses.
  package var text: String {
    withUnsafeBytes(of: uuid) { bytes in
      String(unsafeUninitializedCapacity: 36) { text in
        let digits: StaticString = "0123456789abcdef"
        var end = 0
        for (index, byte) in bytes.enumerated() {
          if [4, 6, 8, 10].contains(index) {
            text[end] = UInt8(ascii: "-")
            end += 1
          }
          text[end] = digits.utf8Start[Int(byte >> 4)]
          text[end + 1] = digits.utf8Start[Int(byte & 0xF)]
          end += 2
        }
        return end
      }
    }
  }
}
