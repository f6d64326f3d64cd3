import Foundation

/// How something grows: what `scripts/plots` draws.
struct Chart: Codable {
  /// The name of the drawing's file.
  let id: String
  let title: String
  /// What grows.
  let x: String
  /// What it costs, and the unit.
  let y: String
  var series: [Series]

  struct Series: Codable {
    let name: String
    var points: [Point]
  }

  struct Point: Codable {
    let x: Int
    /// One figure a round.
    var values: [Double]
  }

  /// Prints medians, a line for each series.
  func report() {
    print("\n\(title), by \(x): \(y)")
    for line in series {
      let points = line.points.map { point in
        let sorted = point.values.sorted()
        return String(
          format: "%d: %.4g (%.4g–%.4g)", point.x, sorted[sorted.count / 2], sorted.first ?? 0,
          sorted.last ?? 0)
      }
      print("  " + line.name + "   " + points.joined(separator: "   "))
    }
    fflush(nil)
  }
}
