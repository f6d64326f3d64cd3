import CardeaHTTPTypes
import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Writes what the HTTP parser refuses as a problem, like every other refusal.
///
/// Nothing of ours sees such a request: Hummingbird answers it with a bare 400 and closes. That
/// answer is told by its lack of `X-Request-Id`, which every answer of ``ServerResponder`` has.
/// Threading: on its channel's event loop.
final class ParserAnswers: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private var isTooLarge = false

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if error as? HTTPParserError == .headerOverflow { isTooLarge = true }
    context.fireErrorCaught(error)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard case .head(let head) = unwrapOutboundIn(data), head.status == .badRequest,
      head.headerFields[.xRequestID] == nil
    else {
      context.write(data, promise: promise)
      return
    }
    let id = RequestID.made()
    let problem =
      isTooLarge
      ? Problem(
        status: 431, code: "head_too_large", detail: "the request's head is too large",
        requestID: id)
      : Problem(
        status: 400, code: "malformed_request", detail: "this is not HTTP/1.1 as it must be",
        requestID: id)
    let refusal = Refusal(problem, requestID: id)
    var answer = refusal.head
    let body = ByteBuffer(bytes: refusal.body)
    answer.headerFields[.contentLength] = String(body.readableBytes)
    answer.headerFields[.connection] = "close"
    context.write(wrapOutboundOut(.head(answer)), promise: nil)
    context.write(wrapOutboundOut(.body(body)), promise: promise)
  }
}
