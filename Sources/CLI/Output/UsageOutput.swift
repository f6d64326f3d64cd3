import CardeaContracts
import CardeaServer

/// A key's usage as people read it.
enum UsageOutput {
  static func days(_ counts: UsageCounts) -> Table {
    var table = Table(["DAY", "ALLOWED", "DENIED", "WHY"])
    for day in counts.days { table.add([.init(day.date)] + cells(day.verdicts)) }
    table.add([.init("all", .bold)] + cells(counts.verdicts))
    return table
  }

  static func paths(_ counts: UsageCounts) -> Table {
    var table = Table(["PATH", "ALLOWED", "DENIED", "WHY"])
    for path in counts.paths {
      table.add([.init(path.path ?? "(unknown)", limit: 60)] + cells(path.verdicts))
    }
    if !counts.otherPaths.isEmpty {
      table.add([.init("(all others)")] + cells(counts.otherPaths))
    }
    return table
  }

  private static func cells(_ verdicts: UsageCounts.Verdicts) -> [Table.Cell] {
    let denied = verdicts.filter { $0.key != UsageCounts.allowed }
    let why = denied.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\($0.key) \($0.value)" }
    return [
      .init("\(verdicts[UsageCounts.allowed] ?? 0)"), .init("\(denied.values.reduce(0, +))"),
      .init(why.isEmpty ? "-" : why.joined(separator: ", ")),
    ]
  }
}
