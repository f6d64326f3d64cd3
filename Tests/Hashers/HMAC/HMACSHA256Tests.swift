import CardeaContracts
import CardeaHMAC
import Testing

@Suite struct HMACSHA256Tests {
  /// RFC 4231, test cases 1 to 4, 6 and 7 (5 is truncated).
  static let vectors: [(key: [UInt8], message: String, digest: String)] = [
    (
      [UInt8](repeating: 0x0b, count: 20), hex("Hi There".utf8),
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      Array("Jefe".utf8), hex("what do ya want for nothing?".utf8),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      [UInt8](repeating: 0xaa, count: 20), String(repeating: "dd", count: 50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    ),
    (
      Array(1...25), String(repeating: "cd", count: 50),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
    ),
    (
      [UInt8](repeating: 0xaa, count: 131),
      hex("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
    (
      [UInt8](repeating: 0xaa, count: 131),
      hex(
        ("This is a test using a larger than block-size key and a larger than block-size data. "
          + "The key needs to be hashed before being used by the HMAC algorithm.").utf8),
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
    ),
  ]

  @Test(arguments: vectors.indices) func agreesWithRFC4231(_ index: Int) throws {
    let vector = Self.vectors[index]
    let mac = try #require(HMACSHA256())
    let message = bytes(hex: vector.message)
    // Wherever the message is divided into header and secret, the digest is the same.
    for split in [0, 1, message.count / 2, message.count] {
      let digest = mac.digest(
        key: Secret(vector.key), header: Array(message.prefix(split)),
        message: Secret(message.dropFirst(split)))
      #expect(digest.map { hex($0) } == vector.digest)
    }
  }
}
