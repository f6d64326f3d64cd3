import CardeaKernel
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes

/// Answers at once, on the event loop, what ``ServerResponder/answerIfWarm(_:peer:_:)`` can, and hands on everything
/// else to Hummingbird, untouched and in order: its way through tasks costs several times the verification.
///
/// It answers nothing while an earlier request of the connection is on its way through Hummingbird, nor once one was
/// that is to be the last. While the client takes no answers, Hummingbird reads no further requests, so it gets those
/// too, as it gets what comes after a few answers of one reading, so that no connection keeps the loop from the others.
/// Its place in the pipeline is behind what sees to deadlines, idle connections and the server's end, which take
/// its answers for any other. Threading: on its channel's event loop.
final class WarmAnswers: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let responder: ServerResponder
  private let logger: Logger
  /// The connection's other end, once the first request has come.
  private var peer: IPAddress??
  /// A head that waits for its end: what has a body is not answered here.
  private var held: HTTPRequest?
  /// Requests that were handed on and are not answered to the end.
  private var underWay = 0
  private var wasLast = false
  /// Answers since the last reading of the connection began.
  private var answered = 0

  /// Answers to one reading: some hundred microseconds' work.
  private static let mostAnswered = 32

  init(_ responder: ServerResponder, _ logger: Logger) {
    self.responder = responder
    self.logger = logger
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      if underWay == 0, !wasLast, answered < WarmAnswers.mostAnswered, context.channel.isActive,
        context.channel.isWritable, responder.mayAnswerWarm(head)
      {
        held = head
      } else {
        handOn(head, context)
      }
    case .end(nil):
      guard let head = held else { return context.fireChannelRead(data) }
      held = nil
      if let answer = answer(head, context) {
        answered += 1
        write(answer, context)
      } else {
        handOn(head, context)
        context.fireChannelRead(data)
      }
    case .body, .end:
      if let head = held {
        held = nil
        handOn(head, context)
      }
      context.fireChannelRead(data)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    answered = 0
    context.fireChannelReadComplete()
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .end = unwrapOutboundIn(data) { underWay -= 1 }
    context.write(data, promise: promise)
  }

  private func handOn(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
    underWay += 1
    if head.headerFields[.connection] == "close" { wasLast = true }
    context.fireChannelRead(wrapInboundOut(.head(head)))
  }

  private func answer(
    _ head: HTTPRequest, _ context: ChannelHandlerContext
  ) -> ServerResponder.WarmAnswer? {
    let known = peer ?? IPAddress(context.remoteAddress)
    peer = .some(known)
    return responder.answerIfWarm(head, peer: known, logger)
  }

  private func write(_ answer: ServerResponder.WarmAnswer, _ context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(.head(answer.head)), promise: nil)
    if !answer.body.isEmpty {
      context.write(wrapOutboundOut(.body(ByteBuffer(bytes: answer.body))), promise: nil)
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }
}
