import NIOCore
import NIOHTTPTypes

/// Closes a connection whose client takes too long to say what it wants, from the connection's beginning to its first
/// request's head and from every head to the end of its body, or to take its answer.
///
/// However slowly bytes come, the time is up when it is up. What a later request on the same connection waits for
/// before its head is the idle time's. Threading: on its channel's event loop.
final class RequestDeadline: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart

  private let reading: TimeAmount
  private let writing: TimeAmount
  /// Whether a head has come and its request's end has not.
  private var isOpen = false
  private var request: Scheduled<Void>?
  private var answer: Scheduled<Void>?

  /// - Parameters:
  ///   - reading: for a head, and for a body.
  ///   - writing: how long nothing of an answer may be taken.
  init(_ reading: Duration, writing: Duration) {
    self.reading = TimeAmount(reading)
    self.writing = TimeAmount(writing)
  }

  func handlerAdded(context: ChannelHandlerContext) { request = closing(context, in: reading) }

  func handlerRemoved(context: ChannelHandlerContext) { end() }

  func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head: arrived(whole: false)
    case .body: break
    case .end: arrived(whole: true)
    }
    context.fireChannelRead(data)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    // Most requests come whole: they need no time limit.
    if isOpen, request == nil { request = closing(context, in: reading) }
    context.fireChannelReadComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    answer?.cancel()
    answer = context.channel.isWritable ? nil : closing(context, in: writing)
    context.fireChannelWritabilityChanged()
  }

  private func arrived(whole: Bool) {
    isOpen = !whole
    request?.cancel()
    request = nil
  }

  private func closing(_ context: ChannelHandlerContext, in limit: TimeAmount) -> Scheduled<Void> {
    let channel = context.channel
    return context.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
  }

  private func end() {
    request?.cancel()
    answer?.cancel()
    (request, answer) = (nil, nil)
  }
}
