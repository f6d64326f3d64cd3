/// Bars as the page draws them in SVG, the denied part of each at its foot.
enum BarChart {
  private static let height = 48
  private static let step = 8

  /// - Parameter limit: a height that is marked by a line.
  static func values(
    good: [Int64], bad: [Int64], limit: Int64? = nil, label: String
  ) -> [String: Any] {
    let totals = zip(good, bad).map(sum)
    let most = max(1, limit ?? 0, totals.max() ?? 1)
    let bars: [[String: Any]] = totals.indices.map { index in
      let high = size(totals[index], of: most)
      let low = size(bad[index], of: most)
      return [
        "x": index * step, "good_y": height - high, "good_height": max(0, high - low),
        "bad_y": height - low, "bad_height": low,
      ]
    }
    return [
      "bars": bars, "width": totals.count * step, "height": height, "label": label,
      "limit_y": limit.map { height - size($0, of: most) }.shown,
    ]
  }

  /// At least two pixels of what there is at all.
  private static func size(_ count: Int64, of most: Int64) -> Int {
    count == 0 ? 0 : max(2, Int(Double(count) / Double(most) * Double(height)))
  }

  static func sum(_ left: Int64, _ right: Int64) -> Int64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }
}
