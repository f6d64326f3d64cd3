/// The figures of one series. Threading: any thread.
protocol MetricSeries: AnyObject, Sendable {
  init()
  /// Its lines but for the metric's name and the labels.
  var samples: [MetricSample] { get }
}
