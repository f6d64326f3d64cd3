import CardeaContracts
import CoreMetrics

/// Hands what the kernel measures on to swift-metrics: to ``PrometheusMetrics``, or to whatever backend a host
/// has.
///
/// Labels have fixed values only; nothing that a client sent becomes one.
public final class MetricsMeter: KernelMeter {
  private let allowed: Counter
  private let denied: [Denial.Reason: Counter]
  private let hits: Counter
  private let misses: Counter
  private let duration: Timer
  private let storeLookups: [MeasuredLookup.Result: Timer]
  private let commits: [MeasuredCommit.Result: Timer]

  public init(_ factory: any MetricsFactory) {
    func verdict(_ verdict: String, _ reason: String) -> Counter {
      Counter(
        label: MetricName.verdicts, dimensions: [("verdict", verdict), ("reason", reason)],
        factory: factory)
    }
    func lookup(_ result: String) -> Counter {
      Counter(label: MetricName.lookups, dimensions: [("result", result)], factory: factory)
    }
    allowed = verdict("allow", "none")
    denied = Dictionary(
      uniqueKeysWithValues: Denial.Reason.allCases.map { ($0, verdict("deny", $0.rawValue)) })
    hits = lookup("hit")
    misses = lookup("miss")
    duration = Timer(label: MetricName.duration, dimensions: [], factory: factory)
    storeLookups = Dictionary(
      uniqueKeysWithValues: MeasuredLookup.Result.allCases.map { result in
        (
          result,
          Timer(
            label: MetricName.storeLookups, dimensions: [("result", result.rawValue)],
            factory: factory)
        )
      })
    commits = Dictionary(
      uniqueKeysWithValues: MeasuredCommit.Result.allCases.map { result in
        (
          result,
          Timer(
            label: MetricName.commits, dimensions: [("result", result.rawValue)], factory: factory)
        )
      })
  }

  public func note(_ authentication: MeasuredAuthentication) {
    if let reason = authentication.reason {
      denied[reason]?.increment(by: 1)
    } else {
      allowed.increment(by: 1)
    }
    switch authentication.source {
    case .memory: hits.increment(by: 1)
    case .store: misses.increment(by: 1)
    case .nowhere: break
    }
    duration.recordNanoseconds(Int64(clamping: authentication.nanoseconds))
  }

  public func note(_ lookup: MeasuredLookup) {
    storeLookups[lookup.result]?.recordNanoseconds(Int64(clamping: lookup.nanoseconds))
  }

  public func note(_ commit: MeasuredCommit) {
    commits[commit.result]?.recordNanoseconds(Int64(clamping: commit.nanoseconds))
  }
}
