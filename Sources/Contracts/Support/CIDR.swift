/// A range of addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address alone.
public struct CIDR: Sendable, Hashable {
  private let network: IPAddress
  private let length: Int

  /// Reads a range; `nil` if the text is anything else, the length is out of range or has a sign or
  /// leading zero, or bits are set beyond it (`10.0.0.1/8`).
  public init?(_ text: String) {
    let parts = text.utf8.split(
      separator: UInt8(ascii: "/"), maxSplits: 2, omittingEmptySubsequences: false)
    guard let first = parts.first, parts.count <= 2,
      let address = IPAddress(String(Substring(first)))
    else { return nil }
    let width = address.bytes.count * 8
    guard parts.count == 2 else {
      network = address
      length = width
      return
    }
    // A mapped address has lost 96 bits on the way, and its length would mean something else.
    guard first.contains(UInt8(ascii: ":")) == (width == 128),
      let length = CIDR.number(parts[1]), length <= width,
      CIDR.bits(address.bytes, from: length).allSatisfy({ $0 == 0 })
    else { return nil }
    network = address
    self.length = length
  }

  /// Whether the address lies in the range; one of the other family never does.
  public func contains(_ address: IPAddress) -> Bool {
    guard address.bytes.count == network.bytes.count else { return false }
    let whole = length / 8
    guard address.bytes.prefix(whole).elementsEqual(network.bytes.prefix(whole)) else {
      return false
    }
    guard length % 8 != 0 else { return true }
    return (address.bytes[whole] ^ network.bytes[whole]) >> (8 - UInt8(length % 8)) == 0
  }

  /// The bits after the first `length`, byte by byte.
  private static func bits(_ bytes: [UInt8], from length: Int) -> [UInt8] {
    bytes.indices.map { index in
      let kept = min(max(length - index * 8, 0), 8)
      return kept == 8 ? 0 : bytes[index] & (0xFF >> UInt8(kept))
    }
  }

  /// One to three digits without a leading zero.
  private static func number(_ text: Substring.UTF8View) -> Int? {
    guard (1...3).contains(text.count), text.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
      text.count == 1 || text.first != 0x30
    else { return nil }
    return text.reduce(0) { $0 * 10 + Int($1) - 0x30 }
  }
}

extension CIDR: CustomStringConvertible {
  public var description: String { "\(network)/\(length)" }
}
