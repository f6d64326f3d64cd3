/// What a text holds besides visible ASCII, looked at eight bytes at a time.
///
/// The tests for a byte in a word are exact: H. S. Warren, Hacker's Delight, 2nd edition, section 6-1.
struct VisibleASCII {
  private(set) var holdsComma = false
  /// A byte below `!` or above `~`.
  private(set) var holdsOther = false

  @inline(__always)
  init(_ bytes: UnsafeRawBufferPointer) {
    var (commas, others) = (UInt64(0), UInt64(0))
    var index = 0
    @inline(__always)
    func look(_ word: UInt64) {
      let comma = word ^ VisibleASCII.eight(0x2C)
      commas |= (comma &- VisibleASCII.eight(0x01)) & ~comma
      // Below `!` is what borrows from the highest bit, above `~` what has it or gets it from one more. What a byte
      // borrows or carries besides comes from one that is marked itself.
      others |= (word &- VisibleASCII.eight(0x21)) & ~word
      others |= word | (word &+ VisibleASCII.eight(0x01))
    }
    while index &+ 8 <= bytes.count {
      look(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      index &+= 8
    }
    if index < bytes.count, bytes.count >= 8 {
      look(bytes.loadUnaligned(fromByteOffset: bytes.count &- 8, as: UInt64.self))
    } else if index < bytes.count {
      // Filled up with what is visible and no comma.
      var rest = VisibleASCII.eight(0x61)
      while index < bytes.count {
        rest = rest << 8 | UInt64(bytes[index])
        index &+= 1
      }
      look(rest)
    }
    holdsComma = commas & VisibleASCII.eight(0x80) != 0
    holdsOther = others & VisibleASCII.eight(0x80) != 0
  }

  private static func eight(_ byte: UInt8) -> UInt64 { 0x0101_0101_0101_0101 &* UInt64(byte) }
}
