import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// A connection that speaks HTTP/1.1: Hummingbird's, with a cheaper codec, ``PlainAnswers`` and ``PromptAnswers`` in it.
struct ServerChannel: HTTPChannelHandler {
  typealias Value = HTTP1Channel.Value

  let responder: HTTPChannelHandler.Responder
  private let configuration: HTTP1Channel.Configuration
  /// Who answers without Hummingbird; `nil` if nobody does.
  private let prompt: ServerResponder?

  init(
    _ configuration: HTTP1Channel.Configuration, prompt: ServerResponder?,
    responder: @escaping HTTPChannelHandler.Responder
  ) {
    self.configuration = configuration
    self.prompt = prompt
    self.responder = responder
  }

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      var limits = NIOHTTPDecoderLimitConfiguration()
      limits.maxHeaderFieldSize = configuration.httpDecoder.maxHeaderFieldSize
      limits.maxHeaderListSize = configuration.httpDecoder.maxHeaderListSize
      limits.maxHeaderFieldCount = configuration.httpDecoder.maxHeaderFieldCount
      let pipeline = channel.pipeline.syncOperations
      let answers = prompt.map { ($0, PromptAnswers($0, logger)) }
      if let (responder, answers) = answers, responder.isUntraced {
        try pipeline.addHandler(
          PlainAnswers(responder, answers, idle: configuration.idleTimeout, logger))
      }
      try pipeline.configureHTTPServerPipeline(
        withPipeliningAssistance: false, withErrorHandling: false,
        withOutboundHeaderValidation: false, withEncoderConfiguration: .init(),
        withDecoderLimitConfiguration: limits)
      try pipeline.addHandler(PathCodec())
      try pipeline.addHandlers(configuration.additionalChannelHandlers())
      let idle = configuration.idleTimeout.map { Duration.nanoseconds($0.nanoseconds) }
      try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: idle, logger: logger))
      if let (_, answers) = answers { try pipeline.addHandler(answers) }
      return try Value(
        wrappingChannelSynchronously: channel,
        configuration: .init(isOutboundHalfClosureEnabled: true))
    }
  }

  func handle(value: Value, logger: Logger) async {
    await handleHTTP(asyncChannel: value, logger: logger)
  }
}
