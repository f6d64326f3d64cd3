import CoreMetrics
import Synchronization

/// The figures of one series. Threading: any thread.
protocol MetricSeries: AnyObject, Sendable {
  init()
  /// Its lines but for the metric's name and the labels.
  var samples: [MetricSample] { get }
}

/// One line of a series.
struct MetricSample: Equatable {
  /// `_bucket`, `_sum` or `_count`; empty for the metric's own name.
  var suffix = ""
  /// The upper bound of a histogram's bucket.
  var bound: String?
  let value: String
}

final class CounterSeries: MetricSeries, CounterHandler {
  private let value = Atomic<Int64>(0)

  func increment(by amount: Int64) { value.wrappingAdd(amount, ordering: .relaxed) }
  func reset() { value.store(0, ordering: .relaxed) }

  var count: Int64 { value.load(ordering: .relaxed) }
  var samples: [MetricSample] { [MetricSample(value: "\(count)")] }
}

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

/// Durations in seconds, in buckets from 10 µs to 10 s.
final class HistogramSeries: MetricSeries, TimerHandler {
  /// Upper bounds in nanoseconds, each with how it is written: a warm verdict lies below the first, a slow hash
  /// around the middle, and what goes beyond the last is a fault.
  private static let bounds: [(nanoseconds: Int64, text: String)] = [
    (10_000, "0.00001"), (25_000, "0.000025"), (50_000, "0.00005"), (100_000, "0.0001"),
    (250_000, "0.00025"), (500_000, "0.0005"), (1_000_000, "0.001"), (2_500_000, "0.0025"),
    (5_000_000, "0.005"), (10_000_000, "0.01"), (25_000_000, "0.025"), (50_000_000, "0.05"),
    (100_000_000, "0.1"), (250_000_000, "0.25"), (500_000_000, "0.5"), (1_000_000_000, "1"),
    (2_500_000_000, "2.5"), (5_000_000_000, "5"), (10_000_000_000, "10"),
  ]

  /// One per bound, and one for what is beyond.
  private let counts = (0...bounds.count).map { _ in CounterSeries() }
  private let sum = Atomic<Int64>(0)

  func recordNanoseconds(_ duration: Int64) {
    let bounds = HistogramSeries.bounds
    var index = 0
    while index < bounds.count, duration > bounds[index].nanoseconds { index += 1 }
    counts[index].increment(by: 1)
    sum.wrappingAdd(duration, ordering: .relaxed)
  }

  var samples: [MetricSample] {
    // The sum first: it never tells of more than the buckets do.
    let total = Double(sum.load(ordering: .relaxed)) / 1_000_000_000
    var samples: [MetricSample] = []
    var count: Int64 = 0
    for (index, bucket) in counts.enumerated() {
      count += bucket.count
      let isLast = index == HistogramSeries.bounds.count
      samples.append(
        MetricSample(
          suffix: "_bucket", bound: isLast ? "+Inf" : HistogramSeries.bounds[index].text,
          value: "\(count)"))
    }
    samples.append(MetricSample(suffix: "_sum", value: PrometheusText.number(total)))
    samples.append(MetricSample(suffix: "_count", value: "\(count)"))
    return samples
  }
}

extension Atomic where Value == UInt64 {
  /// Adds to the `Double` whose bits these are.
  fileprivate borrowing func add(_ amount: Double) {
    var current = load(ordering: .relaxed)
    while true {
      let next = (Double(bitPattern: current) + amount).bitPattern
      let (exchanged, original) = compareExchange(
        expected: current, desired: next, ordering: .relaxed)
      if exchanged { return }
      current = original
    }
  }
}
