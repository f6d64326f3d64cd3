import CardeaContracts
import CoreMetrics

/// A swift-metrics backend that keeps figures in memory and writes them as Prometheus reads them (text format
/// 0.0.4).
///
/// A counter is a counter, a meter or gauge a gauge, a timer a histogram of seconds, and any other recorder a
/// summary of sum and count. Bounded: of a metric's label values only ``mostSeries`` combinations are told
/// apart, the others are one series with `other` for each value; beyond ``mostFamilies`` names nothing is kept.
///
/// Threading: any thread. What records is an atomic addition or two.
public final class PrometheusMetrics: MetricsFactory {
  /// Series of one metric that are told apart.
  static let mostSeries = 200
  /// Metrics that are kept.
  static let mostFamilies = 500

  private let families = Locked<[String: MetricFamily]>([:])
  private let help: [String: String]

  /// - Parameter help: what each metric tells, by name.
  public init(help: [String: String] = MetricName.help) { self.help = help }

  /// Everything there is, as text.
  public func text() -> [UInt8] {
    var text = PrometheusText()
    for (name, family) in families.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
      text.append(family, named: name, help: help[name])
    }
    return text.bytes
  }

  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    series(label, dimensions, .counter, as: CounterSeries.self) ?? NOOPMetricsHandler.instance
  }

  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    series(label, dimensions, .gauge, as: GaugeSeries.self) ?? NOOPMetricsHandler.instance
  }

  public func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    if aggregate {
      return series(label, dimensions, .summary, as: SummarySeries.self)
        ?? NOOPMetricsHandler.instance
    }
    return series(label, dimensions, .gauge, as: GaugeSeries.self) ?? NOOPMetricsHandler.instance
  }

  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    series(label, dimensions, .histogram, as: HistogramSeries.self) ?? NOOPMetricsHandler.instance
  }

  // Prometheus wants to see a series for as long as the process lives.
  public func destroyCounter(_ handler: any CounterHandler) {}
  public func destroyMeter(_ handler: any MeterHandler) {}
  public func destroyRecorder(_ handler: any RecorderHandler) {}
  public func destroyTimer(_ handler: any TimerHandler) {}

  /// The series of this name and these labels, made if it is not there; `nil` if it can't be kept.
  private func series<Series: MetricSeries>(
    _ label: String, _ dimensions: [(String, String)], _ kind: MetricFamily.Kind,
    as type: Series.Type
  ) -> Series? {
    let name = MetricName.sanitized(label)
    let family = families.withLock { families -> MetricFamily? in
      if let family = families[name] { return family }
      guard families.count < PrometheusMetrics.mostFamilies else { return nil }
      let family = MetricFamily(kind, mostSeries: PrometheusMetrics.mostSeries)
      families[name] = family
      return family
    }
    guard let family, family.kind == kind else { return nil }
    return family.series(MetricLabels(dimensions), as: type)
  }
}
