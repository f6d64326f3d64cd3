import CardeaContracts

/// Which addresses webhooks may be sent to: public ones, and those that the operator allows. It is asked for the
/// address of each connection as it is opened, so what a name resolved to before does not matter.
struct AddressRule: Sendable {
  let allow: [CIDR]

  /// - Parameter isEncrypted: whether the connection is going to be TLS; in clear it goes to allowed addresses only.
  func permits(_ address: IPAddress, isEncrypted: Bool) -> Bool {
    if allow.contains(where: { $0.contains(address) }) { return true }
    return isEncrypted && AddressRule.isPublic(address)
  }

  static func isPublic(_ address: IPAddress) -> Bool {
    // All of IPv6's global unicast so far is in one range (RFC 4291, section 2.4): loopback, link-local, unique local,
    // multicast and NAT64 addresses are outside of it. A mapped IPv4 address is an IPv4 address here.
    let isV6 = address.bytes.count == 16
    if isV6, address.bytes[0] & 0xE0 != 0x20 { return false }
    return !special.contains { $0.contains(address) }
  }

  /// From IANA's IPv4 and IPv6 Special-Purpose Address Registries: what is not globally reachable, and what may
  /// lead to any IPv4 address. Of IPv6 what lies within 2000::/3.
  static let specialTexts = [
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
  ]
  private static let special = specialTexts.compactMap { CIDR($0) }
}
