import CoreMetrics
import Synchronization

final class GaugeSeries: MetricSeries, MeterHandler, RecorderHandler {
  /// The bits of a `Double`.
  private let bits = Atomic<UInt64>(0)

  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
  func record(_ value: Int64) { set(value) }
  func record(_ value: Double) { set(value) }
  func increment(by amount: Double) { bits.add(amount) }
  func decrement(by amount: Double) { bits.add(-amount) }

  var samples: [MetricSample] {
    [MetricSample(value: PrometheusText.number(Double(bitPattern: bits.load(ordering: .relaxed))))]
  }
}
