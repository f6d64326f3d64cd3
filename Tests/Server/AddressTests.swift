import CardeaContracts
import CardeaHTTPTypes
import HTTPTypes
import Testing

@testable import CardeaServer

@Suite("the address of a client")
struct AddressTests {
  @Test func theClientIsReadFromTheRight() throws {
    let trusted = ["127.0.0.0/8", "10.0.0.0/8"].compactMap { CIDR($0) }
    func client(_ peer: String, _ forwarded: String...) -> ClientAddress {
      var fields = HTTPFields()
      let name = HTTPField.Name(known: "X-Forwarded-For")
      for value in forwarded { fields.append(HTTPField(name: name, value: value)) }
      return ClientAddress(peer: IPAddress(peer), fields: fields, trusted: trusted)
    }
    // A direct client is who it is, whatever it writes: those who may speak for others have been named.
    #expect(client("192.0.2.7").text == "192.0.2.7")
    #expect(!client("192.0.2.7").isForwarded)
    #expect(client("192.0.2.7", "198.51.100.1").text == "192.0.2.7")
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
      #expect(ClientAddress(peer: IPAddress(peer), fields: HTTPFields(), trusted: []).text == nil)
    }
    #expect(ClientAddress(peer: nil, fields: HTTPFields(), trusted: []).text == nil)
    for name in ["Forwarded", "X-Real-IP", "X-Forwarded-Host", "X-Forwarded-For"] {
      var fields = HTTPFields()
      fields.append(HTTPField(name: HTTPField.Name(name) ?? .date, value: "x"))
      let client = ClientAddress(peer: IPAddress("192.0.2.7"), fields: fields, trusted: [])
      #expect(client.text == nil, "\(name)")
    }
  }
}
