import CoreMetrics
import Synchronization

final class SummarySeries: MetricSeries, RecorderHandler {
  private let count = Atomic<Int64>(0)
  private let sum = Atomic<UInt64>(0)

  func record(_ value: Int64) { record(Double(value)) }
  func record(_ value: Double) {
    sum.add(value)
    count.wrappingAdd(1, ordering: .relaxed)
  }

  var samples: [MetricSample] {
    let total = Double(bitPattern: sum.load(ordering: .relaxed))
    return [
      MetricSample(suffix: "_sum", value: PrometheusText.number(total)),
      MetricSample(suffix: "_count", value: "\(count.load(ordering: .relaxed))"),
    ]
  }
}
