import CardeaFormats
import CardeaTestFixtures
import Testing

@Suite struct CRC32Tests {
  @Test func agreesWithTheOracle() throws {
    let vectors = try KeysmithOracle.load().crc
    #expect(vectors.count == 13)
    for vector in vectors {
      let text = Array(try #require(vector.first).utf8)
      let digits = String(decoding: KeysmithFormat.checksum(of: text.span), as: UTF8.self)
      #expect(digits == vector.last, "\(vector)")
    }
  }

  @Test(
    "The check value of CRC-32 and others that zlib gives",
    arguments: [
      ("", 0), ("a", 0xE8B7_BE43), ("123456789", 0xCBF4_3926),
      ("The quick brown fox jumps over the lazy dog", 0x414F_A339),
    ] as [(String, UInt32)])
  func agreesWithZlib(_ text: String, _ checksum: UInt32) {
    #expect(CRC32.checksum(Array(text.utf8).span) == checksum)
  }

  /// Eight bytes at a time and one at a time must be the same function at every length.
  @Test func agreesWithTheDefinitionAtEveryLength() {
    let bytes = (0..<100).map { UInt8(truncatingIfNeeded: $0 * 167 + 13) }
    for length in 0...bytes.count {
      var value: UInt32 = 0xFFFF_FFFF
      for byte in bytes.prefix(length) {
        value ^= UInt32(byte)
        for _ in 0..<8 { value = (value >> 1) ^ (value & 1 == 0 ? 0 : 0xEDB8_8320) }
      }
      #expect(CRC32.checksum(Array(bytes.prefix(length)).span) == value ^ 0xFFFF_FFFF)
    }
  }
}
