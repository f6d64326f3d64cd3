import CardeaContracts
import Testing

@Suite struct Base64Tests {
  /// RFC 4648, section 10.
  @Test(
    arguments: [
      ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"),
      ("fooba", "Zm9vYmE"),
      ("foobar", "Zm9vYmFy"),
    ])
  func writesAndReadsTheVectors(_ plain: String, _ text: String) {
    #expect(Base64.encodeURL(plain.utf8) == text)
    #expect(Base64.decodeURL(text.utf8) == Array(plain.utf8))
    let padding = String(repeating: "=", count: (4 - text.count % 4) % 4)
    #expect(Base64.decode((text + padding).utf8) == Array(plain.utf8))
    if !padding.isEmpty {
      #expect(Base64.decode(text.utf8) == nil)
      #expect(Base64.decodeURL((text + padding).utf8) == nil)
    }
  }

  @Test func hasTwoAlphabets() {
    #expect(Base64.encodeURL([0xFB, 0xFF]) == "-_8")
    #expect(Base64.decodeURL("-_8".utf8) == [0xFB, 0xFF])
    #expect(Base64.decode("+/8=".utf8) == [0xFB, 0xFF])
    #expect(Base64.decodeURL("+/8".utf8) == nil)
    #expect(Base64.decode("-_8=".utf8) == nil)
  }

  @Test(arguments: ["A", "AAAAA", "AB", "-_9", "AA A", "AA\n", "AA=A", "Zg=", "é"])
  func refusesASecondSpelling(_ text: String) {
    #expect(Base64.decodeURL(text.utf8) == nil)
  }

  @Test func bytesComeBack() {
    for count in 0..<70 {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
      #expect(Base64.decodeURL(Base64.encodeURL(bytes).utf8) == bytes)
    }
  }
}
