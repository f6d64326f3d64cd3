#if TLS
  import NIOCore

  /// Closes a connection whose client takes too long over the handshake and its first request, or, of HTTP/2, has
  /// nothing under way for too long and does not close it when asked to.
  ///
  /// However many bytes come, the time is up when it is up. What a stream may take is ``RequestDeadline``'s. Threading:
  /// on its channel's event loop.
  final class ConnectionDeadline: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let handshake: TimeAmount
    private let idle: TimeAmount
    private var closing: Scheduled<Void>?
    private var context: ChannelHandlerContext?
    private var isShakingHands = true
    private var isQuiescing = false
    private var streams = 0

    /// How long a client without a request has for its leave once the server stops.
    private static let leave = TimeAmount.seconds(1)

    /// - Parameters:
    ///   - handshake: for the handshake, and again from there to the first request.
    ///   - idle: without a request.
    init(handshake: Duration, idle: Duration) {
      self.handshake = TimeAmount(handshake)
      self.idle = TimeAmount(idle)
    }

    func handlerAdded(context: ChannelHandlerContext) {
      self.context = context
      close(in: handshake)
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
      end()
      context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      if event is ChannelShouldQuiesceEvent {
        isQuiescing = true
        if isShakingHands {
          // Nobody else is there yet who could close it.
          context.close(promise: nil)
        } else if streams == 0 {
          close(in: ConnectionDeadline.leave)
        }
      }
      context.fireUserInboundEventTriggered(event)
    }

    /// The handshake is done; from here on the time for the first request runs.
    func shakenHands() {
      isShakingHands = false
      close(in: handshake)
    }

    /// - Returns: how many there are now.
    @discardableResult
    func streamBegan() -> Int {
      streams += 1
      closing?.cancel()
      return streams
    }

    func streamEnded() {
      streams -= 1
      if streams == 0 { close(in: isQuiescing ? ConnectionDeadline.leave : idle) }
    }

    /// From now on somebody else sees to the connection.
    func end() {
      isShakingHands = false
      closing?.cancel()
      (closing, context) = (nil, nil)
    }

    private func close(in limit: TimeAmount) {
      guard let context else { return }
      closing?.cancel()
      // From here, the end next to the socket: nobody takes leave of whoever does not answer.
      let here = NIOLoopBound(context, eventLoop: context.eventLoop)
      closing = context.eventLoop.scheduleTask(in: limit) { here.value.close(promise: nil) }
    }
  }
#endif
