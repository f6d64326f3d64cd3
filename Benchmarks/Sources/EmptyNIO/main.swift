import NIOCore
import NIOHTTP1
import NIOPosix

// The floor under the floor: a handler of SwiftNIO that answers 200 with nothing.
final class Nothing: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .end = unwrapInboundIn(data) else { return }
    let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "0"])
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }
}

let port = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 8422
let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
  .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
  .childChannelInitializer { channel in
    channel.eventLoop.makeCompletedFuture {
      try channel.pipeline.syncOperations.configureHTTPServerPipeline(
        withPipeliningAssistance: false)
      try channel.pipeline.syncOperations.addHandler(Nothing())
    }
  }
  .bind(host: "127.0.0.1", port: port).get()
try await server.closeFuture.get()
