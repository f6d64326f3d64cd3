import CardeaContracts

/// What the last hour was like on this node: requests by verdict, slow hashes and denials by reason, each drawn and as a
/// table.
enum TrafficChart {
  static func values(_ history: TrafficHistory, hashWidth: Int) -> [String: Any] {
    let minutes = history.minutes()
    let (allowed, denied) = (minutes.map(\.allowed), minutes.map(\.denied))
    let totals = (allowed.reduce(0, BarChart.sum), denied.reduce(0, BarChart.sum))
    let hashes = minutes.map(\.hashes)
    let busy = minutes.filter { $0.allowed > 0 || $0.denied > 0 || $0.hashes > 0 }
    return [
      "allowed": totals.0, "denied": totals.1,
      "most": zip(allowed, denied).map(BarChart.sum).max() ?? 0,
      "requests": BarChart.values(
        good: allowed, bad: denied,
        label: "Requests a minute in the last hour: \(totals.0) allowed, \(totals.1) denied"),
      "hash_most": hashes.max() ?? 0, "hash_width": hashWidth,
      "hashes": BarChart.values(
        good: hashes, bad: hashes.map { _ in 0 }, limit: Int64(hashWidth),
        label: """
          Slow hashes that ran or waited in the last hour: at most \(hashes.max() ?? 0), for \
          \(hashWidth) threads
          """),
      "any": !busy.isEmpty,
      "rows": busy.reversed().map { minute in
        [
          "time": PageText.minute(minute.start), "allowed": minute.allowed,
          "denied": minute.denied, "hashes": minute.hashes,
        ] as [String: Any]
      },
      "reasons": reasons(history),
    ]
  }

  private static func reasons(_ history: TrafficHistory) -> [[String: Any]] {
    let all = history.denials()
    let most = all.first?.count ?? 1
    return all.map { reason, count in
      [
        "reason": reason.rawValue, "count": count,
        "share": max(1, Int(Double(count) / Double(most) * 100)),
      ]
    }
  }
}
