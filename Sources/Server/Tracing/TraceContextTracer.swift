import Tracing

/// The tracer of a program that has none: it hands on what a request says of its trace, and measures nothing.
///
/// A span of it is its caller's: no span of ours is told to anybody, so an id of our own would lead nowhere. What runs
/// within a request finds the trace in `InstrumentationContext.current`, so that a client library that injects it sends
/// it on. Threading: any thread.
///
/// A program that wants its spans bootstraps a tracer of its choice before it runs the server, and the server takes
/// that one:
///
/// ```swift
/// InstrumentationSystem.bootstrap(tracer)
/// try await AuthServer(kernel: kernel).run()
/// ```
public struct TraceContextTracer: Tracer {
  /// A span that measures nothing.
  public typealias Span = NoOpTracer.NoOpSpan

  /// The fields of W3C Trace Context.
  static let (parentField, stateField) = ("traceparent", "tracestate")

  public init() {}

  public func startSpan<Instant: TracerInstant>(
    _ operationName: String, context: @autoclosure () -> InstrumentationContext,
    ofKind kind: SpanKind, at instant: @autoclosure () -> Instant, function: String,
    file fileID: String, line: UInt
  ) -> Span {
    Span(context: context())
  }

  public func forceFlush() {}

  /// Takes the trace that a request belongs to, if it says so as W3C Trace Context has it.
  public func extract<Carrier, Extract: Extractor>(
    _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
  ) where Extract.Carrier == Carrier {
    guard let text = extractor.extract(key: Self.parentField, from: carrier),
      let parent = TraceParent(text)
    else { return }
    let state = extractor.extract(key: Self.stateField, from: carrier).flatMap { TraceState($0) }
    context[Key.self] = Trace(parent: parent, state: state)
  }

  /// Writes the trace that `context` belongs to, if it does to one.
  public func inject<Carrier, Inject: Injector>(
    _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
  ) where Inject.Carrier == Carrier {
    guard let trace = context[Key.self] else { return }
    injector.inject(trace.parent.text, forKey: Self.parentField, into: &carrier)
    if let state = trace.state {
      injector.inject(state.text, forKey: Self.stateField, into: &carrier)
    }
  }

  private struct Trace: Sendable {
    let parent: TraceParent
    let state: TraceState?
  }

  private enum Key: InstrumentationContextKey {
    typealias Value = Trace
    static let nameOverride: String? = "w3c-trace-context"
  }
}
