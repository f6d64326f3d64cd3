#if TLS
  import HTTPTypes
  import NIOCore
  import NIOHTTPTypes

  /// Puts the cookies of a request together again that came in several fields, as those of HTTP/2 may (RFC 9113,
  /// section 8.2.3): elsewhere two fields are two claims. Threading: on its channel's event loop.
  final class CookieCrumbs: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      guard case .head(var head) = unwrapInboundIn(data) else {
        return context.fireChannelRead(data)
      }
      let crumbs = head.headerFields[values: .cookie]
      guard crumbs.count > 1 else { return context.fireChannelRead(data) }
      // Not through the field's own subscript, which takes a value apart again.
      head.headerFields[values: .cookie] = [crumbs.joined(separator: "; ")]
      context.fireChannelRead(wrapInboundOut(.head(head)))
    }
  }
#endif
