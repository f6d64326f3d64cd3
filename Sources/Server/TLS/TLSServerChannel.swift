#if TLS
  import HummingbirdCore
  import HummingbirdHTTP2
  import Logging
  import NIOCore
  import NIOSSL
  import NIOTLS

  /// A connection that speaks TLS, and then HTTP/2 or HTTP/1.1, as the client chooses (ALPN).
  struct TLSServerChannel: ServerChildChannel {
    enum Negotiated: Sendable {
      case http1(ServerChannel.Value)
      case http2(HTTP2Channel.Value)
    }

    struct Value: ServerChildChannelValue {
      let negotiated: EventLoopFuture<Negotiated>
      let channel: any Channel
    }

    private let certificate: CurrentCertificate
    private let configuration: ServerConfiguration
    private let http1: ServerChannel
    private let http2: HTTP2Channel

    /// - Parameters:
    ///   - channel: what a connection of HTTP/1.1 is configured with; streams of HTTP/2 are, too.
    ///   - prompt: who answers without Hummingbird on connections of HTTP/1.1.
    init(
      _ certificate: CurrentCertificate, _ configuration: ServerConfiguration,
      _ channel: HTTP1Channel.Configuration, prompt: ServerResponder?,
      responder: @escaping HTTPChannelHandler.Responder
    ) {
      self.certificate = certificate
      self.configuration = configuration
      http1 = ServerChannel(channel, prompt: prompt, responder: responder)
      let handlers = channel.additionalChannelHandlers
      let budget = StreamBudget(most: configuration.maxConnections)
      http2 = HTTP2Channel(
        responder: responder,
        configuration: HTTP2Channel.Configuration(
          idleTimeout: configuration.idleTimeout,
          gracefulCloseTimeout: configuration.requestTimeout,
          streamConfiguration: HTTP1Channel.Configuration(
            additionalChannelHandlers: [StreamCount(budget), CookieCrumbs()] + handlers(),
            idleTimeout: channel.idleTimeout)))
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
      channel.eventLoop.makeCompletedFuture {
        let pipeline = channel.pipeline.syncOperations
        let deadline = ConnectionDeadline(
          handshake: configuration.requestTimeout,
          idle: configuration.idleTimeout + configuration.requestTimeout)
        try pipeline.addHandler(deadline)
        try pipeline.addHandler(NIOSSLServerHandler(context: certificate.value.context))
        let negotiation = NIOTypedApplicationProtocolNegotiationHandler<Negotiated> {
          [http1, http2] result, channel in
          switch result {
          case .negotiated("h2"):
            deadline.shakenHands()
            return http2.setup(channel: channel, logger: logger).map { .http2($0) }
          case .negotiated, .fallback:
            // From here on RequestDeadline sees to it.
            deadline.end()
            return http1.setup(channel: channel, logger: logger).map { .http1($0) }
          }
        }
        try pipeline.addHandler(negotiation)
        return Value(negotiated: negotiation.protocolNegotiationResult, channel: channel)
      }
    }

    func handle(value: Value, logger: Logger) async {
      do {
        switch try await value.negotiated.get() {
        case .http1(let connection): await http1.handle(value: connection, logger: logger)
        case .http2(let connection): await http2.handle(value: connection, logger: logger)
        }
      } catch {
        logger.debug("a TLS handshake failed", metadata: ["error": "\(error)"])
      }
    }
  }
#endif
