import CardeaContracts
import CardeaHTTPTypes
import Hummingbird
import NIOCore

/// A request context with nothing but what Hummingbird and Cardea need.
///
/// `BasicCardeaRequestContext<User>` where ``PrincipalResolver`` finds a `User`;
/// `BasicCardeaRequestContext<Identity>` where the key itself is all that the host wants to know.
public struct BasicCardeaRequestContext<Principal: Sendable>: CardeaRequestContext {
  public var coreContext: CoreRequestContextStorage
  /// The key that the request came with, once the middleware has let it in.
  public var identity: Identity?
  /// Whom the application's own authentication let in instead.
  public var principal: Principal?
  /// The peer's address. A loopback peer is a proxy or a tunnel, not the client, and has none: a
  /// service behind a proxy brings a context of its own that reads what its proxy writes.
  public package(set) var clientAddress: String?

  public init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    clientAddress = directAddress(source.channel.remoteAddress)
  }

  /// The peer's address, unless the request has headers that only proxies write: `nil` then, since
  /// the peer is no client, or claims that it is none.
  public func clientAddress(of request: Request) -> String? {
    request.headers.areForwarded ? nil : clientAddress
  }
}

private func directAddress(_ peer: SocketAddress?) -> String? {
  guard let peer, let text = peer.ipAddress else { return nil }
  switch peer {
  case .v4: return text.utf8.starts(with: "127.".utf8) ? nil : text
  case .v6:
    let mapped = "::ffff:"
    let isLoopback =
      text == "::1" || text.utf8.starts(with: "\(mapped)127.".utf8)
    if isLoopback { return nil }
    let isMapped = text.utf8.starts(with: mapped.utf8) && text.utf8.contains(UInt8(ascii: "."))
    return isMapped ? String(text.dropFirst(mapped.count)) : text
  case .unixDomainSocket: return nil
  }
}
