/// One line of a series.
struct MetricSample: Equatable {
  /// `_bucket`, `_sum` or `_count`; empty for the metric's own name.
  var suffix = ""
  /// The upper bound of a histogram's bucket.
  var bound: String?
  let value: String
}
