import CardeaContracts
import Testing

@Suite("addresses and ranges of addresses")
struct CIDRTests {
  @Test(arguments: [
    "192.0.2.1", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::", "::1", "fe80::1",
  ])
  func addressesReadBack(text: String) {
    #expect(IPAddress(text)?.description == text)
  }

  @Test func aMappedAddressIsTheOneItMaps() {
    #expect(IPAddress("::ffff:192.0.2.1") == IPAddress("192.0.2.1"))
    #expect(IPAddress("::ffff:127.0.0.1")?.isLoopback == true)
    #expect(IPAddress("::1")?.isLoopback == true)
    #expect(IPAddress("::2")?.isLoopback == false)
  }

  @Test(arguments: [
    "", " 192.0.2.1", "192.0.2.1 ", "192.0.2", "192.0.2.256", "192.0.2.01", "0x7f.0.0.1",
    "2130706433",
    "192.0.2.1:80", "[::1]", "::1%lo", "::g", "1::2::3", "unknown", "192.0.2.1\u{0}", "١.1.1.1",
    "2001:db8::1/64",
  ])
  func otherTextIsNoAddress(text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test(arguments: [
    ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false),
    ("192.0.2.128/25", "192.0.2.200", true), ("192.0.2.128/25", "192.0.2.127", false),
    ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "::2", false), ("192.0.2.1", "192.0.2.1", true),
    ("192.0.2.1", "192.0.2.2", false), ("2001:db8::/33", "2001:db8:7fff::1", true),
    ("2001:db8::/33", "2001:db8:8000::1", false), ("::1/128", "::1", true),
    ("::/0", "fe80::1", true),
    ("127.0.0.0/8", "::ffff:127.0.0.1", true),
  ])
  func rangesContain(range: String, address: String, expected: Bool) throws {
    let range = try #require(CIDR(range))
    #expect(range.contains(try #require(IPAddress(address))) == expected)
  }

  @Test(arguments: [
    "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08",
    "10.0.0.0/8/8", "10.0.0.1/8", "10/8", "2001:db8::/129", "2001:db8::1/64", "localhost/8",
    "10.0.0.0/8 ", "::ffff:10.0.0.0/104",
  ])
  func otherTextIsNoRange(text: String) {
    #expect(CIDR(text) == nil)
  }

  /// Each bit of the length counts, and no other: of every range around an address it holds just those that agree with
  /// it so far.
  @Test(arguments: ["203.0.113.77", "2001:db8:a5a5:5a5a::ff01"])
  func everyLengthIsMeant(text: String) throws {
    let address = try #require(IPAddress(text))
    let width = address.bytes.count * 8
    for length in 0...width {
      var bytes = address.bytes
      for bit in length..<width { bytes[bit / 8] &= ~(UInt8(0x80) >> UInt8(bit % 8)) }
      let range = try #require(CIDR("\(written(bytes))/\(length)"))
      #expect(range.description == "\(written(bytes))/\(length)")
      #expect(range.contains(address))
      for bit in 0..<width {
        var other = address.bytes
        other[bit / 8] ^= UInt8(0x80) >> UInt8(bit % 8)
        let isIn = range.contains(try #require(IPAddress(written(other))))
        #expect(isIn == (bit >= length), "\(range), bit \(bit)")
      }
      if length < width {
        bytes[(width - 1) / 8] |= 1
        #expect(CIDR("\(written(bytes))/\(length)") == nil, "a bit is set beyond the length")
      }
    }
    #expect(CIDR("\(text)/\(width + 1)") == nil)
  }

  private func written(_ bytes: [UInt8]) -> String {
    if bytes.count == 4 { return bytes.map { String($0) }.joined(separator: ".") }
    let groups = stride(from: 0, to: 16, by: 2).map { Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]) }
    let text = groups.map { String($0, radix: 16) }.joined(separator: ":")
    return IPAddress(text)?.description ?? text
  }
}
