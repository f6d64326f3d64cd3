#if TLS
  import CardeaHTTPTypes
  import HTTPTypes
  import NIOCore
  import NIOHTTPTypes
  import Synchronization

  /// How many streams of HTTP/2 there may be in the process, and are. Threading: any thread.
  ///
  /// Each may hold a body before anybody has asked who sent it, as a connection of HTTP/1.1 may.
  final class StreamBudget: Sendable {
    private let most: Int
    private let open = Atomic<Int>(0)

    init(most: Int) { self.most = most }

    /// Whether there is room for one more. For the only one of a connection there always is: connections are bounded.
    func take(isOnly: Bool) -> Bool {
      let before = open.wrappingAdd(1, ordering: .relaxed).oldValue
      if before < most || isOnly { return true }
      giveBack()
      return false
    }

    func giveBack() { open.wrappingSubtract(1, ordering: .relaxed) }
  }

  /// Counts a stream, tells its connection that it has begun and ended, and refuses it if there are too many. Threading:
  /// on its channel's event loop.
  final class StreamCount: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    private let budget: StreamBudget
    private var deadline: ConnectionDeadline?
    private var isCounted = false

    init(_ budget: StreamBudget) { self.budget = budget }

    func handlerAdded(context: ChannelHandlerContext) {
      deadline = try? context.channel.parent?.pipeline.syncOperations.handler(
        type: ConnectionDeadline.self)
      let streams = deadline?.streamBegan() ?? 1
      isCounted = budget.take(isOnly: streams == 1)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
      deadline?.streamEnded()
      deadline = nil
      if isCounted { budget.giveBack() }
      isCounted = false
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      if isCounted { return context.fireChannelRead(data) }
      // What follows the head is not kept.
      guard case .head = unwrapInboundIn(data) else { return }
      let id = RequestID.made()
      let problem = Problem(
        status: 503, code: "overloaded", detail: "too many requests are open; retry in a moment",
        requestID: id)
      let refusal = Refusal(problem, requestID: id)
      var answer = refusal.head
      let body = ByteBuffer(bytes: refusal.body)
      answer.headerFields[.contentLength] = String(body.readableBytes)
      answer.headerFields[.retryAfter] = "1"
      let channel = context.channel
      context.write(wrapOutboundOut(.head(answer)), promise: nil)
      context.write(wrapOutboundOut(.body(body)), promise: nil)
      context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
        channel.close(promise: nil)
      }
    }
  }
#endif
