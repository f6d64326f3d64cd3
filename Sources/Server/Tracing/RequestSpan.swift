import CardeaHTTPTypes
import HTTPTypes
import Hummingbird
import Tracing

/// The span of one request, from its head to the head of its answer.
struct RequestSpan: Sendable {
  /// `nil` where there is nothing to hand on and nobody who measures.
  private let span: (any Span)?
  /// The trace and the span that its log lines name, if there are any: whatever tracer there is, it says so by what it
  /// would send on.
  let trace: TraceParent?

  /// Begins the span, in the caller's trace if the request says which.
  init(_ request: Request, _ instruments: Instruments) {
    if instruments.areOurs, request.headers[FieldExtractor.parent] == nil,
      InstrumentationContext.current == nil
    {
      (span, trace) = (nil, nil)
      return
    }
    var context = InstrumentationContext.topLevel
    instruments.instrument.extract(request.headers, into: &context, using: FieldExtractor())
    let method = request.method.telemetryName
    let span = instruments.tracer.startSpan(method, context: context, ofKind: .server)
    var sent: [String: String] = [:]
    instruments.instrument.inject(span.context, into: &sent, using: DictionaryInjector())
    trace = sent[TraceContextTracer.parentField].flatMap { TraceParent($0) }
    self.span = span
  }

  /// Runs what belongs to the request.
  func run(_ work: () async throws -> Response) async throws -> Response {
    guard let span else { return try await work() }
    defer { span.end() }
    do {
      return try await InstrumentationContext.withValue(span.context) { try await work() }
    } catch {
      // Not the error itself, which may quote what a client sent.
      span.setStatus(SpanStatus(code: .error))
      throw error
    }
  }

  /// Says what came of it, in the words of OpenTelemetry's conventions for HTTP servers. Neither path nor query: they
  /// may hold what nobody should have sent there.
  func note(_ request: Request, route: String?, status: HTTPResponse.Status) {
    guard let span, span.isRecording else { return }
    let method = request.method.telemetryName
    if let route { span.operationName = "\(method) \(route)" }
    span.updateAttributes { attributes in
      attributes["http.request.method"] = method
      attributes["http.route"] = route
      attributes["http.response.status_code"] = status.code
    }
    if status.kind == .serverError { span.setStatus(SpanStatus(code: .error)) }
  }

  private struct FieldExtractor: Extractor {
    /// Made once: to make a name is to look at each of its bytes.
    static let parent = HTTPField.Name(known: "traceparent")
    static let state = HTTPField.Name(known: "tracestate")

    func extract(key: String, from fields: HTTPFields) -> String? {
      switch key {
      case TraceContextTracer.parentField: fields[FieldExtractor.parent]
      case TraceContextTracer.stateField: fields[FieldExtractor.state]
      default: HTTPField.Name(key).flatMap { fields[$0] }
      }
    }
  }

  private struct DictionaryInjector: Injector {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
      carrier[key] = value
    }
  }
}

extension HTTPRequest.Method {
  /// The method, or `other` for one of a client's own making.
  var telemetryName: String { HTTPRequest.Method.known.contains(self) ? rawValue : "other" }

  private static let known: Set<HTTPRequest.Method> = [
    .get, .head, .post, .put, .patch, .delete, .options, .connect, .trace,
  ]
}
