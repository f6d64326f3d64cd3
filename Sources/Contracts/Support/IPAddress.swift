#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address is the IPv4 address that it maps.
public struct IPAddress: Sendable, Hashable {
  /// 4 or 16 bytes in network order.
  public let bytes: [UInt8]

  /// Reads `192.0.2.1` or `2001:db8::1`; `nil` if the text is anything else: a port, brackets, a
  /// zone, a name, leading zeros.
  public init?(_ text: String) {
    // The longest text of an address; whatever is longer, or holds a NUL, never reaches the C
    // library.
    guard text.utf8.count <= 45, !text.utf8.contains(0) else { return nil }
    var v4 = in_addr()
    if inet_pton(AF_INET, text, &v4) == 1 {
      self.init(v4: v4)
      return
    }
    var v6 = in6_addr()
    guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
    self.init(v6: v6)
  }

  public init(v4: in_addr) {
    bytes = withUnsafeBytes(of: v4) { Array($0) }
  }

  public init(v6: in6_addr) {
    let all = withUnsafeBytes(of: v6) { Array($0) }
    bytes = all.starts(with: IPAddress.mapped) ? Array(all.dropFirst(12)) : all
  }

  /// `::ffff:0:0/96` (RFC 4291, section 2.5.5.2).
  private static let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]

  /// `127.0.0.0/8` and `::1`.
  public var isLoopback: Bool {
    bytes.count == 4
      ? bytes.first == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
  }

  /// What is one client to a limit: an IPv4 address, or the /64 that an IPv6 client has to choose addresses from.
  package var clientBytes: [UInt8] { bytes.count == 16 ? Array(bytes[..<8]) : bytes }
}

extension IPAddress: CustomStringConvertible {
  public var description: String {
    // INET6_ADDRSTRLEN is 46.
    var text = [CChar](repeating: 0, count: 46)
    let family = bytes.count == 4 ? AF_INET : AF_INET6
    guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
