import CardeaContracts
import CardeaHTTPTypes
import HTTPTypes
import Logging

/// A request's head, and what it says of who sends it and what it is called.
struct Arrival: Sendable {
  let method: HTTPRequest.Method
  let target: RequestTarget
  let fields: any RequestFields
  let requestID: String
  let client: ClientAddress

  /// - Parameter peer: the other end of the connection, if it has an address.
  init(
    _ head: HTTPRequest, peer: IPAddress?, _ configuration: ServerConfiguration,
    _ redaction: TokenRedaction
  ) {
    self.init(
      head.method, head.path ?? "", head.headerFields, peer: peer, configuration, redaction)
  }

  /// - Parameter peer: the other end of the connection, if it has an address.
  init(
    _ method: HTTPRequest.Method, _ target: String, _ fields: some RequestFields, peer: IPAddress?,
    _ configuration: ServerConfiguration, _ redaction: TokenRedaction
  ) {
    self.method = method
    self.target = RequestTarget(target)
    self.fields = fields
    client = ClientAddress(
      peer: peer, isLocalProxy: configuration.socket != nil, fields: fields,
      trusted: configuration.trustedProxies)
    var givenID: String?
    if case .one(let id) = fields.value(of: "x-request-id") { givenID = id }
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
