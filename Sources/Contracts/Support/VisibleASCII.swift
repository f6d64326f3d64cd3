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
    func look(_ word: UInt64) {
      commas |= VisibleASCII.zeros(word ^ VisibleASCII.eight(0x2C))
      // Above `~` are 0x7F and what has the highest bit; below `!` what borrows from it.
      others |= (word &- VisibleASCII.eight(0x21)) & ~word & VisibleASCII.eight(0x80)
      others |=
        word & VisibleASCII.eight(0x80) | VisibleASCII.zeros(word ^ VisibleASCII.eight(0x7F))
    }
    while index &+ 8 <= bytes.count {
      look(bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      index &+= 8
    }
    if index < bytes.count {
      // The rest, filled up with what is visible and no comma.
      var rest = VisibleASCII.eight(0x61)
      while index < bytes.count {
        rest = rest << 8 | UInt64(bytes[index])
        index &+= 1
      }
      look(rest)
    }
    holdsComma = commas != 0
    holdsOther = others != 0
  }

  private static func eight(_ byte: UInt8) -> UInt64 { 0x0101_0101_0101_0101 &* UInt64(byte) }

  /// Not 0 if a byte is.
  private static func zeros(_ word: UInt64) -> UInt64 {
    (word &- eight(0x01)) & ~word & eight(0x80)
  }
}
