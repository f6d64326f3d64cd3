import CardeaContracts
import Hummingbird
import NIOCore

/// What the server keeps of the connection, and its peer's address.
struct ServerContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let connection: any Channel
  let peer: IPAddress?

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    connection = source.channel
    peer = IPAddress(source.channel.remoteAddress)
  }
}
