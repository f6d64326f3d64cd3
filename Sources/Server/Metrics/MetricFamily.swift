import CardeaContracts

/// All series of one metric. Threading: any thread.
final class MetricFamily: Sendable {
  enum Kind: String, Sendable { case counter, gauge, histogram, summary }

  let kind: Kind
  private let mostSeries: Int
  private let held = Locked<[MetricLabels: any MetricSeries]>([:])

  init(_ kind: Kind, mostSeries: Int) {
    self.kind = kind
    self.mostSeries = mostSeries
  }

  /// In the order of their labels.
  var series: [(labels: MetricLabels, series: any MetricSeries)] {
    held.withLock { $0 }.sorted {
      $0.key.all.map(\.value).lexicographicallyPrecedes($1.key.all.map(\.value))
    }.map { ($0.key, $0.value) }
  }

  func series<Series: MetricSeries>(_ labels: MetricLabels, as type: Series.Type) -> Series? {
    held.withLock { held in
      let labels = held[labels] == nil && held.count >= mostSeries ? labels.other : labels
      if let series = held[labels] { return series as? Series }
      let series = Series()
      held[labels] = series
      return series
    }
  }
}
