import CardeaContracts
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes

/// Answers what ``ServerResponder/promptAnswer(_:peer:_:)`` can, and hands on everything else to Hummingbird, untouched
/// and in order: its way through tasks costs several times the verification.
///
/// It answers nothing while an earlier request of the connection is on its way through Hummingbird, nor once one was
/// that is to be the last, nor behind what is no request. While a verdict is pending, what comes behind its request waits
/// here, and no more is read than a little. While the client takes no answers, Hummingbird reads no further requests, so
/// it gets those too, as it gets what comes after a few answers of one reading, so that no connection keeps the loop from
/// the others. Its place in the pipeline is behind what sees to deadlines, idle connections and the server's end, which
/// take its answers for any other. Threading: on its channel's event loop.
final class PromptAnswers: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// What comes in behind a request that is not answered yet.
  private enum Event {
    case part(HTTPRequestPart)
    case readComplete
    case inputClosed
    case error(any Error)
  }

  private let responder: ServerResponder
  private let logger: Logger
  /// The connection's other end, once the first request has come.
  private var peer: IPAddress??
  /// A head that waits for its end: what has a body is not answered here.
  private var held: HTTPRequest?
  /// Requests that were handed on and are not answered to the end.
  private var underWay = 0
  private var wasLast = false
  /// Answers since the last reading of the connection began, those of ``PlainAnswers`` among them.
  var answered = 0
  private let backlog = Backlog<Event>()
  private var context: ChannelHandlerContext?

  /// Answers to one reading: some hundred microseconds' work.
  private static let mostAnswered = 32

  init(_ responder: ServerResponder, _ logger: Logger) {
    self.responder = responder
    self.logger = logger
  }

  /// Whether a request that has not come to the parser yet may be answered before its turn comes here.
  var mayBePassed: Bool {
    underWay == 0 && !wasLast && held == nil && !backlog.isPending && backlog.isEmpty
      && answered < PromptAnswers.mostAnswered
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    backlog.end()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    receive(.part(unwrapInboundIn(data)), context)
  }

  func channelReadComplete(context: ChannelHandlerContext) { receive(.readComplete, context) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    receive(.error(error), context)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent { return receive(.inputClosed, context) }
    context.fireUserInboundEventTriggered(event)
  }

  func read(context: ChannelHandlerContext) { backlog.read(context) }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    backlog.close(context, mode, promise)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .end = unwrapOutboundIn(data) { underWay -= 1 }
    context.write(data, promise: promise)
  }

  private func receive(_ event: Event, _ context: ChannelHandlerContext) {
    guard backlog.isPending else { return handle(event, context) }
    if case .part(.body(let bytes)) = event {
      backlog.append(event, bytes: bytes.readableBytes)
    } else {
      backlog.append(event)
    }
  }

  private func handle(_ event: Event, _ context: ChannelHandlerContext) {
    switch event {
    case .part(let part): handle(part, context)
    case .readComplete:
      answered = 0
      context.fireChannelReadComplete()
    case .inputClosed: context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    case .error(let error):
      // Hummingbird answers it and closes; what comes behind is nobody's.
      wasLast = true
      context.fireErrorCaught(error)
    }
  }

  private func handle(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
    switch part {
    case .head(let head):
      if underWay == 0, !wasLast, answered < PromptAnswers.mostAnswered, context.channel.isActive,
        context.channel.isWritable, responder.mayAnswerPromptly(head)
      {
        held = head
      } else {
        handOn(head, context)
      }
    case .end(nil):
      guard let head = held else { return context.fireChannelRead(wrapInboundOut(part)) }
      held = nil
      answer(head, context)
    case .body, .end:
      if let head = held {
        held = nil
        handOn(head, context)
      }
      context.fireChannelRead(wrapInboundOut(part))
    }
  }

  private func handOn(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
    underWay += 1
    if head.headerFields[.connection] == "close" { wasLast = true }
    context.fireChannelRead(wrapInboundOut(.head(head)))
  }

  /// Answers a request that has come to its end, or hands it on.
  private func answer(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
    let known = peer ?? IPAddress(context.remoteAddress)
    peer = .some(known)
    switch responder.promptAnswer(head, peer: known, logger) {
    case .now(let answer)?:
      answered += 1
      write(answer, context)
    case .later(let verdict, let answer)?:
      answered += 1
      backlog.isPending = true
      let loop = context.eventLoop
      let handler = NIOLoopBound(self, eventLoop: loop)
      verdict.settle(resuming: { loop.execute($0) }) { handler.value.goOn(with: answer($0)) }
    case nil:
      handOn(head, context)
      context.fireChannelRead(wrapInboundOut(.end(nil)))
    }
  }

  /// Gives the answer that was pending, and takes what came behind its request.
  private func goOn(with answer: ServerResponder.PromptAnswer) {
    backlog.isPending = false
    guard let context else { return }
    write(answer, context)
    backlog.goOn(context) { handle($0, context) }
  }

  private func write(_ answer: ServerResponder.PromptAnswer, _ context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(.head(answer.head)), promise: nil)
    if !answer.body.isEmpty {
      context.write(wrapOutboundOut(.body(ByteBuffer(bytes: answer.body))), promise: nil)
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }
}
