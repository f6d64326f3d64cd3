import NIOCore
import NIOHTTPTypes

/// Closes a connection whose client takes too long to say what it wants: from the connection's beginning to its first
/// request's head, and from every head to the end of its body.
///
/// However slowly bytes come, the time is up when it is up. What a later request on the same connection waits for
/// before its head is the idle time's. Threading: on its channel's event loop.
final class RequestDeadline: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart

  private let limit: TimeAmount
  private var task: Scheduled<Void>?

  init(_ limit: Duration) { self.limit = TimeAmount(limit) }

  func handlerAdded(context: ChannelHandlerContext) { begin(context) }

  func handlerRemoved(context: ChannelHandlerContext) { end() }

  func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head: begin(context)
    case .body: break
    case .end: end()
    }
    context.fireChannelRead(data)
  }

  private func begin(_ context: ChannelHandlerContext) {
    end()
    let channel = context.channel
    task = context.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
  }

  private func end() {
    task?.cancel()
    task = nil
  }
}
