import Tracing

/// What requests are traced with: what the process has bootstrapped, or else ``TraceContextTracer``.
struct Instruments: Sendable {
  /// Reads what a request says of its trace, and says what would be sent on.
  let instrument: any Instrument
  let tracer: any Tracer
  /// Whether they are our own, for which there is nothing to do where a request says nothing of a trace.
  private(set) var areOurs = false

  /// As swift-distributed-tracing has it at this moment.
  static var active: Instruments {
    let instrument = InstrumentationSystem.instrument
    guard instrument is NoOpInstrument else {
      return Instruments(instrument: instrument, tracer: InstrumentationSystem.tracer)
    }
    return Instruments(
      instrument: TraceContextTracer(), tracer: TraceContextTracer(), areOurs: true)
  }
}
