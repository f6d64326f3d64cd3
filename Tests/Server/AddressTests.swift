import CardeaKernel
import HTTPTypes
import Testing

@testable import CardeaServer

@Suite("addresses and ranges of addresses")
struct AddressTests {
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

  @Test func theClientIsReadFromTheRight() throws {
    let trusted = ["127.0.0.0/8", "10.0.0.0/8"].compactMap { CIDR($0) }
    func client(_ peer: String, _ forwarded: String...) -> ClientAddress {
      var fields = HTTPFields()
      for value in forwarded { fields.append(HTTPField(name: .xForwardedFor, value: value)) }
      return ClientAddress(peer: IPAddress(peer), fields: fields, trusted: trusted)
    }
    // A direct client is who it is, unless it claims to be a proxy.
    #expect(client("192.0.2.7").text == "192.0.2.7")
    #expect(!client("192.0.2.7").isForwarded)
    #expect(client("192.0.2.7", "198.51.100.1").text == nil)
    #expect(!client("192.0.2.7", "198.51.100.1").isForwarded)
    // What the client wrote on the left is not believed.
    #expect(client("127.0.0.1", "1.1.1.1, 198.51.100.1").text == "198.51.100.1")
    #expect(client("10.1.1.1", "1.1.1.1, 198.51.100.1 ,10.9.9.9").text == "198.51.100.1")
    #expect(client("10.1.1.1", "1.1.1.1", "198.51.100.1", "10.9.9.9").text == "198.51.100.1")
    #expect(client("10.1.1.1", "10.2.2.2, 10.9.9.9").text == "10.2.2.2")
    #expect(client("10.1.1.1", "::ffff:198.51.100.1").text == "198.51.100.1")
    // Nothing, or nothing that can be read: no address, never the proxy's.
    #expect(client("10.1.1.1").text == nil)
    for garbage in [
      "", ",", "unknown", "198.51.100.1,", "198.51.100.1:80", "_hidden", "198.51.100.1, x",
      "198.51.100.1;", "\"198.51.100.1\"",
    ] {
      let read = client("10.1.1.1", garbage)
      #expect(read.text == nil, "\(garbage)")
      #expect(read.fault != nil, "\(garbage)")
    }
    // On the left of an untrusted hop nothing is read at all.
    #expect(client("10.1.1.1", "x, 198.51.100.1").text == "198.51.100.1")
  }

  @Test func loopbackHasNoAddressUnlessItIsTrusted() {
    for peer in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
      #expect(ClientAddress(peer: IPAddress(peer), fields: [:], trusted: []).text == nil)
    }
    #expect(ClientAddress(peer: nil, fields: [:], trusted: []).text == nil)
    for name in ["Forwarded", "X-Real-IP", "X-Forwarded-Host", "X-Forwarded-For"] {
      var fields = HTTPFields()
      fields.append(HTTPField(name: HTTPField.Name(name) ?? .date, value: "x"))
      let client = ClientAddress(peer: IPAddress("192.0.2.7"), fields: fields, trusted: [])
      #expect(client.text == nil, "\(name)")
    }
  }
}
