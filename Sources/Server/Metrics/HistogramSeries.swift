import CoreMetrics
import Synchronization

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
