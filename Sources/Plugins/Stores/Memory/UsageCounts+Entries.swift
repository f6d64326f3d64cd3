import CardeaContracts

extension UsageCounts {
  /// Counts entries one by one.
  init(_ entries: [AccessEntry], mostPaths: Int) {
    self.init(mostPaths: mostPaths)
    for entry in entries.sorted(by: { $0.at < $1.at }) {
      let (day, milliseconds) = (Int64(86_400_000), entry.at.milliseconds)
      let start = milliseconds - (milliseconds % day + day) % day
      add(entry.count, entry.reason, day: Timestamp(milliseconds: start))
    }
    let byPath = Dictionary(grouping: entries) {
      $0.payload.flatMap { AccessPayload.path(in: $0) }.map { Bytes($0) }
    }
    for (path, entries) in byPath.sorted(by: { UsageCounts.isBefore($0.key, $1.key) }) {
      for entry in entries { add(entry.count, entry.reason, path: path?.text) }
    }
    finish()
  }

  /// None comes first, as in SQL.
  private static func isBefore(_ left: Bytes?, _ right: Bytes?) -> Bool {
    guard let right else { return false }
    return left.map { $0 < right } ?? true
  }
}
