import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// Translates between the parts of HTTP/1.1 and those that are the same for every version, as
/// `HTTP1ToHTTPServerCodec` does.
///
/// That one takes each target apart as a URL; what begins with a slash is a path already, and stays as it is either
/// way. Threading: on its channel's event loop.
final class PathCodec: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      do {
        context.fireChannelRead(wrapInboundOut(.head(try PathCodec.request(head))))
      } catch {
        context.fireErrorCaught(error)
      }
    case .body(let body): context.fireChannelRead(wrapInboundOut(.body(body)))
    case .end(let trailers):
      let fields = trailers.map { HTTPFields($0, splitCookie: false) }
      context.fireChannelRead(wrapInboundOut(.end(fields)))
    }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(let head):
      context.write(wrapOutboundOut(.head(HTTPResponseHead(head))), promise: promise)
    case .body(let body):
      context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: promise)
    case .end(let trailers):
      context.write(wrapOutboundOut(.end(trailers.map { HTTPHeaders($0) })), promise: promise)
    }
  }

  /// - Throws: unless there is one `Host`, as HTTP/1.1 demands (RFC 9112, section 3.2).
  static func request(_ head: HTTPRequestHead) throws -> HTTPRequest {
    let hosts = head.headers["host"]
    guard hosts.count == 1 || hosts.isEmpty && head.version == .http1_0 else {
      throw HTTPParserError.invalidHeaderToken
    }
    var request =
      head.uri.utf8.first == UInt8(ascii: "/")
      ? HTTPRequest(
        method: try HTTPRequest.Method(head.method), scheme: "http", authority: hosts.first,
        path: head.uri, headerFields: HTTPFields(head.headers, splitCookie: false))
      : try HTTPRequest(head, secure: false, splitCookie: false)
    // The last of its connection in any spelling (RFC 9112, section 9.6), and by its version: one for all who look.
    if !head.isKeepAlive { request.headerFields[.connection] = "close" }
    return request
  }
}
