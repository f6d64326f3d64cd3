import Cardea
import CardeaTestSupport
import InMemoryTracing
import Logging
import Testing
import Tracing

@testable import CardeaServer

private let trace = "0af7651916cd43dd8448eb211c80319c"
private let span = "b7ad6b7169203331"
private let parent = "00-\(trace)-\(span)-01"

/// W3C Trace Context: from a request's header into the log, the spans of whoever has a tracer, and what a plugin calls.
@Suite("tracing")
struct TracingTests {
  /// What a request of `headers` left in the log, and what a plugin saw that ran within it.
  private func run(
    _ headers: [(String, String)], tracer: (any Tracer)? = nil
  ) async throws -> (line: String, sent: [String: String]) {
    let lines = Locked<[String]>([])
    let sent = Locked<[String: String]>([:])
    let logger = Logger(label: "captured") { _ in CapturingLogHandler(lines: lines) }
    let policy = CallingPolicy(sent: sent)
    let serve: @Sendable () async throws -> Void = {
      try await ServerRig.run(plugins: [policy], logger: logger) { rig in
        let token = try await rig.key().token
        let answer = try await rig.client.request(
          "GET", "/auth?scope=none", headers: headers + [("X-API-Key", token)])
        #expect(answer.status == 403)
        #expect(answer.field("traceparent") == nil)
        _ = try await rig.client.request(
          "GET", "/auth", headers: headers + [("X-API-Key", token)])
      }
    }
    if let tracer { try await withTracer(tracer, serve) } else { try await serve() }
    let requests = lines.withLock { $0 }.filter { $0.hasPrefix("request ") }
    #expect(requests.count == 2)
    return (try #require(requests.last), sent.withLock { $0 })
  }

  @Test func aRequestsTraceIsInItsLogLineAndInWhatItCalls() async throws {
    let (line, sent) = try await run([("traceparent", parent), ("tracestate", "a=1, b=2")])
    #expect(line.contains("\"trace_id\": \(trace)"), "\(line)")
    #expect(line.contains("\"span_id\": \(span)"), "\(line)")
    #expect(sent == ["traceparent": parent, "tracestate": "a=1,b=2"])
  }

  /// What there is nothing of costs nothing.
  @Test func aRequestOfNoTraceRunsInNone() async throws {
    let contexts = Locked<[Bool]>([])
    try await ServerRig.run(plugins: [LookingPolicy(contexts: contexts)]) { rig in
      let token = try await rig.key().token
      for headers in [[], [("traceparent", parent)]] {
        _ = try await rig.client.request(
          "GET", "/auth", headers: headers + [("X-API-Key", token)])
      }
    }
    #expect(contexts.withLock { $0 } == [false, true])
  }

  @Test func severalStatesAreOneList() async throws {
    let (_, sent) = try await run([
      ("traceparent", parent), ("tracestate", "a=1"), ("tracestate", "b=2"),
    ])
    #expect(sent["tracestate"] == "a=1,b=2")
  }

  @Test func aStateThatIsNoneIsDroppedAlone() async throws {
    for state in [
      "A=1", "a", "=1", "a=", "a=1,a=2", "a=\u{7F}", "a=b=c", "a@=1", "@a=1", "a@1=1", "a b=1",
      String(repeating: "x", count: 257) + "=1", "a=" + String(repeating: "x", count: 257),
      (0..<33).map { "a\($0)=1" }.joined(separator: ","), ",",
    ] {
      #expect(TraceState(state) == nil, "\(state)")
    }
    for state in [
      "a=1", "a=1,,b=2", "a=1 , b=2\t", "1a@b=x y", "a/b*c-d_e=!~", "a= 1",
      String(repeating: "x", count: 256) + "=" + String(repeating: "y", count: 256),
      (0..<32).map { "a\($0)=1" }.joined(separator: ","),
    ] {
      #expect(TraceState(state) != nil, "\(state)")
    }
    let (line, sent) = try await run([("traceparent", parent), ("tracestate", "A=1")])
    #expect(line.contains(trace))
    #expect(sent == ["traceparent": parent])
  }

  @Test(arguments: [
    "", "00", "00-\(trace)-\(span)", "00-\(trace)-\(span)-1", "00-\(trace)-\(span)-01-",
    "00-\(trace)-\(span)-01-00", "ff-\(trace)-\(span)-01", "0-\(trace)-\(span)-01 ",
    "00-\(trace.uppercased())-\(span)-01", "00-\(trace)-B7AD6B7169203331-01",
    "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
    "00_\(trace)-\(span)-01", "00-\(trace)-\(span)-0g", "00-\(trace)-\(span)-01, \(parent)",
    "01-\(trace)-\(span)-01x", "0é-\(trace)-\(span)-0",
  ])
  func whatIsNoTraceParentIsIgnored(_ text: String) async throws {
    #expect(TraceParent(text) == nil)
    guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return }
    let (line, sent) = try await run([("traceparent", text), ("tracestate", "a=1")])
    #expect(!line.contains("trace_id") && !line.contains("span_id"), "\(line)")
    #expect(sent.isEmpty)
  }

  @Test func versionsToComeAreReadAsThisOne() {
    for text in ["01-\(trace)-\(span)-ff", "cc-\(trace)-\(span)-03-more"] {
      #expect(TraceParent(text)?.text == parent)
    }
    #expect(TraceParent("00-\(trace)-\(span)-fe")?.text.hasSuffix("-00") == true)
  }

  @Test func twoTraceParentsAreNone() async throws {
    let (line, sent) = try await run([("traceparent", parent), ("traceparent", parent)])
    #expect(!line.contains("trace_id"))
    #expect(sent.isEmpty)
  }

  @Test func aTracerOfTheProgramsOwnGetsTheSpans() async throws {
    let tracer = InMemoryTracer()
    let (line, _) = try await run(
      [("traceparent", parent), (InMemoryTracer.traceIDKey, "t"), (InMemoryTracer.spanIDKey, "s")],
      tracer: tracer)
    #expect(!line.contains(trace))
    let spans = tracer.finishedSpans
    #expect(spans.map(\.operationName) == ["GET /auth", "GET /auth"])
    #expect(spans.map(\.traceID) == ["t", "t"] && spans.allSatisfy { $0.parentSpanID == "s" })
    #expect(spans.allSatisfy { $0.kind == .server })
    let attributes = try #require(spans.first).attributes
    #expect(attributes.get("http.route") == .string("/auth"))
    #expect(attributes.get("http.request.method") == .string("GET"))
    #expect(attributes.get("http.response.status_code") == .int64(403))
    #expect(attributes.count == 3)
    #expect(spans.allSatisfy { $0.status == nil })
  }

  @Test func aTracerThatSpeaksTraceContextNamesItsOwnSpanInTheLog() async throws {
    let (line, _) = try await run([("traceparent", parent)], tracer: ChildTracer())
    #expect(line.contains("\"trace_id\": \(trace)"), "\(line)")
    #expect(line.contains("\"span_id\": \(ChildTracer.span)"), "\(line)")
  }
}

/// What a client library does that a plugin calls: it sends on the trace that it finds itself in.
private struct CallingPolicy: AsyncPolicy {
  let id = "test.calling"
  let sent: Locked<[String: String]>

  func evaluate(_ context: PolicyContext) async throws -> PolicyDecision {
    var carrier: [String: String] = [:]
    TraceContextTracer().inject(
      .current ?? .topLevel, into: &carrier, using: DictionaryInjector())
    let found = carrier
    sent.withLock { $0 = found }
    return .pass
  }
}

/// Whether there is anything around a request for what it calls.
private struct LookingPolicy: AsyncPolicy {
  let id = "test.looking"
  let contexts: Locked<[Bool]>

  func evaluate(_ context: PolicyContext) async throws -> PolicyDecision {
    contexts.withLock { $0.append(InstrumentationContext.current != nil) }
    return .pass
  }
}

private struct DictionaryInjector: Injector {
  func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
    carrier[key] = value
  }
}

/// Makes one span of its own within every trace.
private struct ChildTracer: Tracer {
  static let span = "00f067aa0ba902b7"
  private let inner = TraceContextTracer()

  func startSpan<Instant: TracerInstant>(
    _ operationName: String, context: @autoclosure () -> InstrumentationContext,
    ofKind kind: SpanKind, at instant: @autoclosure () -> Instant, function: String,
    file fileID: String, line: UInt
  ) -> NoOpTracer.NoOpSpan {
    NoOpTracer.NoOpSpan(context: context())
  }

  func forceFlush() {}

  func extract<Carrier, Extract: Extractor>(
    _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
  ) where Extract.Carrier == Carrier {
    inner.extract(carrier, into: &context, using: extractor)
  }

  func inject<Carrier, Inject: Injector>(
    _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
  ) where Inject.Carrier == Carrier {
    var fields: [String: String] = [:]
    inner.inject(context, into: &fields, using: DictionaryInjector())
    guard let parent = fields["traceparent"] else { return }
    let words = parent.split(separator: "-")
    injector.inject("00-\(words[1])-\(ChildTracer.span)-01", forKey: "traceparent", into: &carrier)
  }
}
