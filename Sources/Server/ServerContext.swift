import CardeaKernel
import Hummingbird
import NIOCore

/// What the server keeps of the connection: the peer's address.
struct ServerContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let peer: IPAddress?

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    peer = IPAddress(source.channel.remoteAddress)
  }
}
