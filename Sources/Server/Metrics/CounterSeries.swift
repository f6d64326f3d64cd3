import CoreMetrics
import Synchronization

final class CounterSeries: MetricSeries, CounterHandler {
  private let value = Atomic<Int64>(0)

  func increment(by amount: Int64) { value.wrappingAdd(amount, ordering: .relaxed) }
  func reset() { value.store(0, ordering: .relaxed) }

  var count: Int64 { value.load(ordering: .relaxed) }
  var samples: [MetricSample] { [MetricSample(value: "\(count)")] }
}
