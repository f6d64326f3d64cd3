/// Writes metrics in the text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
struct PrometheusText {
  static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

  private(set) var bytes: [UInt8] = []

  mutating func append(_ family: MetricFamily, named name: String, help: String?) {
    if let help { line("# HELP \(name) \(PrometheusText.escaped(help, quotes: false))") }
    line("# TYPE \(name) \(family.kind.rawValue)")
    for (labels, series) in family.series {
      for sample in series.samples {
        var pairs = labels.all.map {
          "\($0.name)=\"\(PrometheusText.escaped($0.value, quotes: true))\""
        }
        if let bound = sample.bound { pairs.append("le=\"\(bound)\"") }
        let braces = pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}"
        line("\(name)\(sample.suffix)\(braces) \(sample.value)")
      }
    }
  }

  private mutating func line(_ text: String) {
    bytes.append(contentsOf: text.utf8)
    bytes.append(UInt8(ascii: "\n"))
  }

  /// A value as Go's `ParseFloat` reads it.
  static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    return Int64(exactly: value).map { "\($0)" } ?? "\(value)"
  }

  private static func escaped(_ text: String, quotes: Bool) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": escaped += #"\\"#
      case "\n": escaped += #"\n"#
      case "\"" where quotes: escaped += #"\""#
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
