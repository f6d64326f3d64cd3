import CardeaContracts
import CardeaServer

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Entries of the logs as people and programs read them.
enum AuditOutput {
  static let heading = [
    "TIME", "ACTION", "COUNT", "PREFIX", "OWNER", "STATUS", "REASON", "ADDRESS", "REQUEST", "BY",
  ]

  static func table(_ items: [AuditItem]) -> Table {
    var table = Table(heading)
    for item in items { table.add(cells(item)) }
    return table
  }

  /// The cells of one entry.
  static func cells(_ item: AuditItem) -> [Table.Cell] {
    let summary = AuditResource(item).summary
    let request = [summary.method, summary.path].compactMap(\.self).joined(separator: " ")
    switch item {
    case .access(let entry):
      let colour: Table.Colour = entry.reason == nil ? .green : .red
      let reason =
        entry.reason.map { reason in summary.policy.map { "\(reason): \($0)" } ?? reason } ?? "-"
      return [
        .init(entry.at.rfc3339), .init(entry.action, colour),
        .init(String(entry.count)), .init(entry.prefix ?? "-", limit: 40),
        .init(summary.owner ?? "-", limit: 40),
        .init(entry.status == 0 ? "-" : String(entry.status)), .init(reason, limit: 60),
        .init(summary.address ?? "-"), .init(request.isEmpty ? "-" : request, limit: 60),
        .init(summary.actor ?? "-", limit: 40),
      ]
    case .signal(let entry):
      return [
        .init(entry.at.rfc3339), .init(entry.signal), "1", .init(entry.prefix ?? "-", limit: 40),
        .init(summary.owner ?? "-", limit: 40), "-", "-", "-", "-",
        .init(summary.actor ?? "-", limit: 40),
      ]
    }
  }

  /// One line of JSON, whatever a client sent.
  static func line(_ item: AuditItem) throws -> String {
    let json = try JSONEncoder.contract().encode(AuditResource(item))
    return LineJSON.escaped(String(decoding: json, as: UTF8.self))
  }
}
