import CardeaContracts

/// A host, and perhaps a port, as a request names them: nothing else is one (RFC 3986, section 3.2, without the user).
struct PageAuthority: CustomStringConvertible {
  /// In lower case; an IPv6 address in its brackets.
  let host: String
  let port: UInt16?
  let isAddressOrLocal: Bool

  init?(_ text: String) {
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
    var host = text
    var port: UInt16?
    let isBracketed = text.hasPrefix("[")
    // Of an address in brackets the colons within are not the port's.
    let rest = isBracketed ? text.firstIndex(of: "]").map { text[$0...] } ?? "" : text[...]
    if let colon = rest.firstIndex(of: ":") {
      let digits = text[colon...].dropFirst()
      guard let number = DecimalText.parse(digits.utf8), let exact = UInt16(exactly: number) else {
        return nil
      }
      port = exact
      host = String(text[..<colon])
    }
    host = host.lowercased()
    if isBracketed {
      let inner = host.dropFirst().dropLast()
      guard host.hasSuffix("]"), inner.contains(":"), IPAddress(String(inner)) != nil else {
        return nil
      }
      isAddressOrLocal = true
    } else {
      isAddressOrLocal = host == "localhost" || IPAddress(host) != nil
    }
    self.host = host
    self.port = port
  }

  var description: String { port.map { "\(host):\($0)" } ?? host }
}
