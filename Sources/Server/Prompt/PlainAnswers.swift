import CardeaContracts
import Logging
import NIOCore

/// Answers plain requests of a connection before its parser sees them: reading them where they lie and writing each
/// answer as one piece takes a third of what the way through the pipeline costs.
///
/// Everything else goes on as it came. The parser must not have begun something when a request is taken from before its
/// eyes, so once anything that is no ``PlainHead`` has gone on, all that follows on the connection does, too. What is
/// told of requests under way is ``PromptAnswers``' to know, behind the parser.
///
/// Those that see to deadlines and idle connections stand behind the parser as well. They are shown the first request
/// of a connection, and then one each time a small part of the idle time has gone by. While a verdict is pending, what
/// comes behind its request waits here, the server's end and the connection's included. Threading: on its channel's event
/// loop.
final class PlainAnswers: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = IOData
  typealias OutboundOut = IOData

  /// What comes in behind a request that is not answered yet.
  private enum Event {
    case bytes(ByteBuffer)
    case readComplete
    case other(Any)
    case error(any Error)
  }

  private let responder: ServerResponder
  private let others: PromptAnswers
  private let logger: Logger
  /// How long the others may believe that nothing has come.
  private let unseen: TimeAmount
  private var peer: IPAddress??
  /// Whether nothing but plain requests has gone on to the parser.
  private var isPlain = true
  /// When the others have last seen a request.
  private var seen: NIODeadline?
  /// Whether something has gone on since the last reading of the connection was complete.
  private var hasHandedOn = false
  /// Where answers are written; free again once they are sent.
  private var buffer = ByteBuffer()
  private let backlog = Backlog<Event>()
  private var context: ChannelHandlerContext?

  /// - Parameters:
  ///   - others: its like behind the parser.
  ///   - idle: how long the connection may be idle.
  init(_ responder: ServerResponder, _ others: PromptAnswers, idle: TimeAmount?, _ logger: Logger) {
    self.responder = responder
    self.others = others
    self.logger = logger
    unseen = .nanoseconds((idle ?? .minutes(1)).nanoseconds / 64)
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    backlog.end()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    receive(.bytes(unwrapInboundIn(data)), context)
  }

  func channelReadComplete(context: ChannelHandlerContext) { receive(.readComplete, context) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    receive(.error(error), context)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    receive(.other(event), context)
  }

  func read(context: ChannelHandlerContext) { backlog.read(context) }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    backlog.close(context, mode, promise)
  }

  private func receive(_ event: Event, _ context: ChannelHandlerContext) {
    guard backlog.isPending else { return handle(event, context) }
    if case .bytes(let bytes) = event {
      backlog.append(event, bytes: bytes.readableBytes)
    } else {
      backlog.append(event)
    }
  }

  private func handle(_ event: Event, _ context: ChannelHandlerContext) {
    switch event {
    case .bytes(let bytes): take(bytes, context)
    case .readComplete:
      others.answered = 0
      // Nobody behind has read anything.
      if hasHandedOn { context.fireChannelReadComplete() }
      hasHandedOn = false
    case .other(let event):
      hasHandedOn = true
      context.fireUserInboundEventTriggered(event)
    case .error(let error):
      hasHandedOn = true
      context.fireErrorCaught(error)
    }
  }

  /// Takes requests from the bytes as long as they are plain.
  private func take(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
    var rest = bytes
    while isPlain, rest.readableBytes > 0 {
      guard let head = PlainHead(rest) else {
        isPlain = false
        break
      }
      let request = rest.readSlice(length: head.length) ?? rest
      switch prompt(head, context) {
      case .now(let answer)?: write(answer, context)
      case .later(let verdict, let answer)?:
        backlog.isPending = true
        if rest.readableBytes > 0 { backlog.prepend(.bytes(rest), bytes: rest.readableBytes) }
        let loop = context.eventLoop
        let handler = NIOLoopBound(self, eventLoop: loop)
        verdict.settle(resuming: { loop.execute($0) }) { handler.value.goOn(with: answer($0)) }
        return
      case nil:
        seen = .now()
        handOn(request, context)
      }
    }
    if rest.readableBytes > 0 { handOn(rest, context) }
  }

  /// The answer to a request, if it may be given here.
  private func prompt(_ head: PlainHead, _ context: ChannelHandlerContext) -> Prompt<PlainAnswer>? {
    guard others.mayBePassed, let seen, .now() - seen < unseen else { return nil }
    let channel = context.channel
    guard channel.isActive, channel.isWritable else { return nil }
    let known = peer ?? IPAddress(context.remoteAddress)
    peer = .some(known)
    let prompt = responder.promptAnswer(head, peer: known, logger)
    if prompt != nil { others.answered += 1 }
    return prompt
  }

  private func handOn(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
    hasHandedOn = true
    context.fireChannelRead(wrapInboundOut(bytes))
  }

  /// Gives the answer that was pending, and takes what came behind its request.
  private func goOn(with answer: PlainAnswer) {
    backlog.isPending = false
    guard let context else { return }
    write(answer, context)
    backlog.goOn(context) { handle($0, context) }
  }

  private func write(_ answer: PlainAnswer, _ context: ChannelHandlerContext) {
    buffer.clear(minimumCapacity: 512)
    answer.write(into: &buffer)
    context.writeAndFlush(wrapOutboundOut(.byteBuffer(buffer)), promise: nil)
  }
}
