/// The labels of one series, by name, each name once and as Prometheus takes it.
struct MetricLabels: Hashable, Sendable {
  struct Label: Hashable, Sendable {
    let name: String
    let value: String
  }

  let all: [Label]

  /// Of several values under one name the first counts.
  init(_ dimensions: [(String, String)]) {
    var labels: [Label] = []
    for (name, value) in dimensions {
      // What a histogram calls its bounds is taken.
      let name = name == "le" ? "le_" : MetricName.sanitized(name, allowsColon: false)
      if !labels.contains(where: { $0.name == name }) {
        labels.append(Label(name: name, value: value))
      }
    }
    all = labels.sorted { $0.name < $1.name }
  }

  /// The same names, each with the value `other`.
  var other: MetricLabels { MetricLabels(all.map { ($0.name, "other") }) }
}
