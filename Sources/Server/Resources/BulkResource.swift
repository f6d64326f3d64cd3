import CardeaLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a bulk change came to: `{"action", "dry_run", "matched", "changed", "unchanged", "failed", "not_tried",
/// "failures", "receipt"}`; `issued`, an array of `{"key", "token", "receipt"}`, if keys were rotated; and `keys`, an
/// array of `{"id", "prefix"}` of those that would be changed, the first 1,000 of them, if nothing was.
public struct BulkResource: Encodable, Sendable {
  private let action: BulkAction
  private let report: BulkReport
  private let issued: [IssuedKeyResource]?
  private let rehearsed: [SelectedKey]?

  /// - Parameters:
  ///   - issued: every new token; `nil` leaves the member out.
  ///   - rehearsed: of a dry run, the keys that would be changed; `nil` if it was none.
  public init(
    _ report: BulkReport, of action: BulkAction, issued: [IssuedKeyResource]?,
    rehearsed: [SelectedKey]?
  ) {
    self.report = report
    self.action = action
    self.issued = issued
    self.rehearsed = rehearsed
  }

  private enum CodingKeys: String, CodingKey {
    case action, matched, changed, unchanged, failed, failures, issued, receipt, keys
    case dryRun = "dry_run"
    case notTried = "not_tried"
  }

  private struct Key: Encodable {
    let id: String
    let prefix: String
  }

  private struct Failure: Encodable {
    let id: String
    let prefix: String
    let code: String
    let detail: String
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(action.rawValue, forKey: .action)
    try container.encode(rehearsed != nil, forKey: .dryRun)
    try container.encode(report.matched, forKey: .matched)
    try container.encode(report.changed, forKey: .changed)
    try container.encode(report.unchanged, forKey: .unchanged)
    try container.encode(report.failed, forKey: .failed)
    try container.encode(report.notTried, forKey: .notTried)
    try container.encode(
      report.failures.map {
        Failure(
          id: $0.key.id.text, prefix: $0.key.prefix, code: $0.error.code,
          detail: Problem($0.error).detail ?? $0.error.code)
      }, forKey: .failures)
    try container.encodeIfPresent(issued, forKey: .issued)
    let keys = rehearsed?.prefix(1_000).map { Key(id: $0.id.text, prefix: $0.prefix) }
    try container.encodeIfPresent(keys, forKey: .keys)
    if let receipt = report.receipt, rehearsed == nil {
      try container.encode(receipt, forKey: .receipt)
    } else {
      try container.encodeNil(forKey: .receipt)
    }
  }
}
