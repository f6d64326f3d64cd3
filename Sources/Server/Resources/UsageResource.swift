import CardeaContracts

/// How often a key was used: `{"key_id", "since", "until", "verdicts", "days": [{"day", "verdicts"}],
/// "paths": [{"path", "verdicts"}], "other_paths"}`, where verdicts are counts by verdict.
public struct UsageResource: Encodable, Sendable {
  private let report: KeyUsageReport

  public init(_ report: KeyUsageReport) { self.report = report }

  private enum CodingKeys: String, CodingKey {
    case since, until, verdicts, days, paths
    case keyID = "key_id"
    case otherPaths = "other_paths"
  }

  private struct Day: Encodable {
    let day: String
    let verdicts: UsageCounts.Verdicts
  }

  private struct Path: Encodable {
    let path: String?
    let verdicts: UsageCounts.Verdicts

    private enum CodingKeys: String, CodingKey { case path, verdicts }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(path, forKey: .path)
      try container.encode(verdicts, forKey: .verdicts)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    let counts = report.counts
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(report.key.key.id.text, forKey: .keyID)
    try container.encode(report.since, forKey: .since)
    try container.encode(report.until, forKey: .until)
    try container.encode(counts.verdicts, forKey: .verdicts)
    try container.encode(
      counts.days.map { Day(day: $0.date, verdicts: $0.verdicts) }, forKey: .days)
    try container.encode(
      counts.paths.map { Path(path: $0.path, verdicts: $0.verdicts) }, forKey: .paths)
    try container.encode(counts.otherPaths, forKey: .otherPaths)
  }
}

extension UsageCounts.Day {
  /// `2026-11-21`.
  public var date: String { String(start.rfc3339.prefix(10)) }
}
