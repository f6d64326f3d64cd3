import CardeaContracts
import CardeaHTTPTypes
import HTTPTypes
import Logging
import NIOCore

/// Whose address a request has, and whether its forwarding headers may be believed.
///
/// An address counts only if it is the client's: that of a direct peer, or what trusted proxies
/// wrote, read from the right. A loopback peer that is not trusted is a proxy or a tunnel, and where no
/// proxy was named one that sends forwarding headers may be: neither has an address, rather than a wrong
/// one. Where proxies were named, nobody else is one, and no client gets rid of its address.
package struct ClientAddress: Sendable, Equatable {
  /// The client's address as text, if it is known.
  package let text: String?
  /// Whether the peer is a trusted proxy, so that its `X-Forwarded-*` headers count.
  let isForwarded: Bool
  /// Whether a peer sent forwarding headers although no proxy was named.
  let isPassedOver: Bool
  /// What was wrong with `X-Forwarded-For`, for the log; never the value itself.
  let fault: String?

  /// - Parameters:
  ///   - peer: the other end of the connection, if it has an address.
  ///   - isLocalProxy: whether it came by the server's Unix domain socket, which only a proxy may open.
  package init(
    peer: IPAddress?, isLocalProxy: Bool = false, fields: some RequestFields, trusted: [CIDR]
  ) {
    if isLocalProxy {
      self.init(forwarded: fields, trusted: trusted)
      return
    }
    guard let peer else {
      self.init(nil)
      return
    }
    guard trusted.contains(where: { $0.contains(peer) }) else {
      let mayBeProxy = trusted.isEmpty && fields.areForwarded
      self.init(peer.isLoopback || mayBeProxy ? nil : peer.description, isPassedOver: mayBeProxy)
      return
    }
    self.init(forwarded: fields, trusted: trusted)
  }

  /// Tells the log what was wrong with the forwarding headers.
  func note(in logger: @autoclosure () -> Logger) {
    if let fault { logger().debug("X-Forwarded-For has \(fault)") }
  }

  private init(
    _ text: String?, isForwarded: Bool = false, isPassedOver: Bool = false, fault: String? = nil
  ) {
    self.text = text
    self.isForwarded = isForwarded
    self.isPassedOver = isPassedOver
    self.fault = fault
  }

  /// Reads `X-Forwarded-For` from the right, passing over trusted proxies. Several fields of that
  /// name are one list (RFC 9110, section 5.3).
  private init(forwarded fields: some RequestFields, trusted: [CIDR]) {
    var last: IPAddress?
    for value in fields.values(of: "x-forwarded-for").reversed() {
      for entry in value.utf8.split(
        separator: UInt8(ascii: ","), omittingEmptySubsequences: false
      ).reversed() {
        guard let address = IPAddress(ClientAddress.trimmed(entry)) else {
          self.init(nil, isForwarded: true, fault: "an entry that is no address")
          return
        }
        last = address
        guard trusted.contains(where: { $0.contains(address) }) else {
          self.init(address.description, isForwarded: true)
          return
        }
      }
    }
    // Every hop is trusted: the leftmost is where it began.
    self.init(last?.description, isForwarded: true)
  }

  private static func trimmed(_ entry: Substring.UTF8View) -> String {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
    let tail = entry.drop(while: isSpace)
    let end = tail.lastIndex { !isSpace($0) }.map { tail.index(after: $0) } ?? tail.startIndex
    return String(Substring(tail[tail.startIndex..<end]))
  }
}

extension IPAddress {
  /// The address of a peer; `nil` on a Unix socket.
  init?(_ peer: SocketAddress?) {
    switch peer {
    case .v4(let address): self.init(v4: address.address.sin_addr)
    case .v6(let address): self.init(v6: address.address.sin6_addr)
    case .unixDomainSocket, nil: return nil
    }
  }
}
