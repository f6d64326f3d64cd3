import CardeaKernel

/// How often a key was used on each day: bars as SVG and the same as a table.
enum UsageChart {
  static let days = 30
  private static let height = 48
  private static let step = 8

  static func values(_ report: KeyUsageReport) -> [String: Any] {
    let day: Int64 = 86_400_000
    var allowed = [Int64](repeating: 0, count: days)
    var denied = allowed
    for entry in report.counts.days {
      let index = Int((entry.start.milliseconds - report.since.milliseconds) / day)
      guard allowed.indices.contains(index) else { continue }
      for (verdict, count) in entry.verdicts {
        if verdict == UsageCounts.allowed {
          allowed[index] = sum(allowed[index], count)
        } else {
          denied[index] = sum(denied[index], count)
        }
      }
    }
    let totals = zip(allowed, denied).map(sum)
    let most = max(1, totals.max() ?? 1)
    let bars: [[String: Any]] = totals.indices.map { index in
      let high = size(totals[index], of: most)
      let bad = size(denied[index], of: most)
      return [
        "x": index * step, "good_y": height - high, "good_height": max(0, high - bad),
        "bad_y": height - bad, "bad_height": bad,
      ]
    }
    let rows: [[String: Any]] = report.counts.days.map { entry in
      let allowed = entry.verdicts[UsageCounts.allowed] ?? 0
      let all = entry.verdicts.values.reduce(0, sum)
      return ["day": entry.date, "allowed": allowed, "denied": all - allowed]
    }
    let (allowedTotal, deniedTotal) = (allowed.reduce(0, sum), denied.reduce(0, sum))
    return [
      "bars": bars, "rows": Array(rows.reversed()), "any": !rows.isEmpty,
      "allowed": allowedTotal, "denied": deniedTotal, "days": days,
      "width": days * step, "height": height,
    ]
  }

  /// At least one pixel of what there is at all.
  private static func size(_ count: Int64, of most: Int64) -> Int {
    count == 0 ? 0 : max(2, Int(Double(count) / Double(most) * Double(height)))
  }

  private static func sum(_ left: Int64, _ right: Int64) -> Int64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }
}
