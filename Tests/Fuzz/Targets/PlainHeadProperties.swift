import CardeaServer
import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// Plain heads: whatever is answered before the parser, the parser would have read alike, to its last byte.
enum PlainHeadProperties {
  static func violation(of bytes: [UInt8]) -> String? {
    guard let head = PlainHead(ByteBuffer(bytes: bytes)) else { return nil }
    do { return try difference(head, ByteBuffer(bytes: bytes.prefix(head.length))) } catch {
      return "the parser refuses what was taken: \(error)"
    }
  }

  private static func difference(_ head: PlainHead, _ bytes: ByteBuffer) throws -> String? {
    let channel = EmbeddedChannel()
    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
      withPipeliningAssistance: false, withErrorHandling: false)
    try channel.writeInbound(bytes)
    guard case .head(let read)? = try channel.readInbound(as: HTTPServerRequestPart.self) else {
      return "the parser reads no head"
    }
    if read.method.rawValue != head.method.rawValue || read.uri != head.target {
      return "the parser reads \(read.method) \(read.uri)"
    }
    if read.version != .http1_1 || !read.isKeepAlive { return "the connection does not go on" }
    // As the server asks for them behind the parser.
    let fields = HTTPFields(read.headers, splitCookie: false)
    for name in Set(fields.map(\.name.canonicalName))
    where head.value(of: name) != fields.value(of: name)
      || head.values(of: name) != fields.values(of: name)
    {
      return "the parser reads another \(name)"
    }
    if head.areForwarded != fields.areForwarded { return "only one is forwarded" }
    guard case .end(nil)? = try channel.readInbound(as: HTTPServerRequestPart.self) else {
      return "the parser waits for more"
    }
    return try channel.finish(acceptAlreadyClosed: true).isClean ? nil : "something is left over"
  }
}
