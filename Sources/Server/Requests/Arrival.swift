import CardeaContracts
import CardeaHTTPTypes
import HTTPTypes
import Logging

/// A request's head, and what it says of who sends it and what it is called.
struct Arrival: Sendable {
  let head: HTTPRequest
  let target: RequestTarget
  let requestID: String
  let client: ClientAddress

  /// - Parameter peer: the other end of the connection, if it has an address.
  init(
    _ head: HTTPRequest, peer: IPAddress?, _ configuration: ServerConfiguration,
    _ redaction: TokenRedaction
  ) {
    self.head = head
    target = RequestTarget(head.path ?? "")
    client = ClientAddress(
      peer: peer, isLocalProxy: configuration.socket != nil, fields: head.headerFields,
      trusted: configuration.trustedProxies)
    var givenID: String?
    if case .one(let id) = head.headerFields.value(of: "x-request-id") { givenID = id }
    requestID = RequestID.accepted(givenID, redaction)
  }

  /// The log whose lines name this request, and its trace if it has one.
  func logger(_ logger: Logger, _ trace: TraceParent? = nil) -> Logger {
    var logger = logger
    logger[metadataKey: "hb.request.id"] = nil
    logger[metadataKey: "request_id"] = "\(requestID)"
    if let trace {
      logger[metadataKey: "trace_id"] = "\(trace.traceID)"
      logger[metadataKey: "span_id"] = "\(trace.parentID)"
    }
    return logger
  }
}
