import CardeaKernel
import CoreMetrics
import ServiceLifecycle

/// What this process decided in the last hour, minute by minute, and how busy its slow hashes were: in memory, for the
/// page. Prometheus is what looks further back, and at several nodes.
///
/// Threading: any thread.
final class TrafficHistory: Service, CustomStringConvertible {
  struct Minute: Sendable, Equatable {
    let start: Timestamp
    var allowed: Int64 = 0
    var denied: Int64 = 0
    /// Slow hashes that ran or waited when there were most.
    var hashes: Int64 = 0
  }

  /// Minutes that are kept.
  static let length = 60
  private static let interval: Duration = .seconds(5)
  private static let minute: Int64 = 60_000

  let description = "traffic history"
  private let kernel: AuthKernel
  private let allowed: CounterSeries?
  private let denied: [(reason: Denial.Reason, count: CounterSeries)]
  private let state = Locked(State())

  private struct State: Sendable {
    /// In order; only minutes in which something was counted.
    var minutes: [Minute] = []
    /// What the counters stood at.
    var allowed: Int64 = 0
    var denied: Int64 = 0
  }

  /// - Parameter metrics: where the kernel's ``MetricsMeter`` counts.
  init(_ kernel: AuthKernel, _ metrics: PrometheusMetrics) {
    func verdicts(_ verdict: String, _ reason: String) -> CounterSeries? {
      metrics.makeCounter(
        label: MetricName.verdicts, dimensions: [("verdict", verdict), ("reason", reason)])
        as? CounterSeries
    }
    self.kernel = kernel
    allowed = verdicts("allow", "none")
    denied = Denial.Reason.allCases.compactMap { reason in
      verdicts("deny", reason.rawValue).map { (reason, $0) }
    }
  }

  /// Looks at the counters until the server stops.
  func run() async throws {
    await cancelWhenGracefulShutdown { [self] in
      while (try? await Task.sleep(for: TrafficHistory.interval)) != nil { look() }
    }
  }

  /// The minutes up to now, the oldest first, those without anything too.
  func minutes() -> [Minute] {
    look()
    let last = TrafficHistory.start(of: kernel.clock.now())
    let known = state.withLock { $0.minutes }
    return (0..<TrafficHistory.length).map { index in
      let back = Int64(TrafficHistory.length - 1 - index) * TrafficHistory.minute
      let start = Timestamp(milliseconds: last.milliseconds - back)
      return known.first { $0.start == start } ?? Minute(start: start)
    }
  }

  /// Denials since the start by reason, the most frequent first; only reasons that there were.
  func denials() -> [(reason: Denial.Reason, count: Int64)] {
    denied.map { ($0.reason, $0.count.count) }.filter { $0.1 > 0 }.sorted { $0.1 > $1.1 }
  }

  /// Counts what has happened since it was done before.
  private func look() {
    let pool = kernel.figures().hashPool
    let start = TrafficHistory.start(of: kernel.clock.now())
    state.withLock { state in
      let (allowed, denied) = (
        allowed?.count ?? 0, denied.reduce(0) { $0 &+ $1.count.count }
      )
      var minute = Minute(start: start)
      if let last = state.minutes.last, last.start == start { minute = state.minutes.removeLast() }
      minute.allowed += allowed - state.allowed
      minute.denied += denied - state.denied
      minute.hashes = max(minute.hashes, Int64(pool.running + pool.waiting))
      (state.allowed, state.denied) = (allowed, denied)
      state.minutes.append(minute)
      state.minutes.removeFirst(max(0, state.minutes.count - TrafficHistory.length))
    }
  }

  private static func start(of time: Timestamp) -> Timestamp {
    Timestamp(milliseconds: time.milliseconds - time.milliseconds % minute)
  }
}
