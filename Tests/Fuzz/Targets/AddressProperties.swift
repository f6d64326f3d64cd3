import CardeaContracts
import CardeaServer
import HTTPTypes

/// Addresses, networks and `X-Forwarded-For`: an address has one spelling that reads back, a network
/// holds its own address, and a client's address is one of those that were written.
enum AddressProperties {
  static func violation(of bytes: [UInt8]) -> String? {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    if let address = IPAddress(text) {
      guard IPAddress(address.description) == address else {
        return "\(address) does not read back"
      }
    }
    if let network = CIDR(text), let address = IPAddress(String(text.prefix { $0 != "/" })) {
      guard network.contains(address) else { return "\(text) does not hold its own address" }
    }
    guard let proxy = IPAddress("127.0.0.1"), let trusted = CIDR("127.0.0.0/8"),
      let name = HTTPField.Name("X-Forwarded-For")
    else { return "the test's own addresses can't be read" }
    var fields = HTTPFields()
    for value in text.split(separator: "\n") {
      fields.append(HTTPField(name: name, value: String(value)))
    }
    let client = ClientAddress(peer: proxy, fields: fields, trusted: [trusted])
    if let written = client.text, IPAddress(written) == nil { return "\(written) is no address" }
    return nil
  }
}
