import CardeaContracts

/// How often a key was used on each day: bars as SVG and the same as a table.
enum UsageChart {
  static let days = 30

  static func values(_ report: KeyUsageReport) -> [String: Any] {
    let day: Int64 = 86_400_000
    var allowed = [Int64](repeating: 0, count: days)
    var denied = allowed
    for entry in report.counts.days {
      let index = Int((entry.start.milliseconds - report.since.milliseconds) / day)
      guard allowed.indices.contains(index) else { continue }
      for (verdict, count) in entry.verdicts {
        if verdict == UsageCounts.allowed {
          allowed[index] = BarChart.sum(allowed[index], count)
        } else {
          denied[index] = BarChart.sum(denied[index], count)
        }
      }
    }
    let rows: [[String: Any]] = report.counts.days.map { entry in
      let allowed = entry.verdicts[UsageCounts.allowed] ?? 0
      let all = entry.verdicts.values.reduce(0, BarChart.sum)
      return ["day": entry.date, "allowed": allowed, "denied": all - allowed]
    }
    let totals = (allowed.reduce(0, BarChart.sum), denied.reduce(0, BarChart.sum))
    return [
      "rows": Array(rows.reversed()), "any": !rows.isEmpty, "days": days,
      "allowed": totals.0, "denied": totals.1,
      "chart": BarChart.values(
        good: allowed, bad: denied,
        label: "Uses a day over \(days) days: \(totals.0) allowed, \(totals.1) denied"),
    ]
  }
}
