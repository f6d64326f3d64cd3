import CardeaKernel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What a bulk change came to: `{"action", "dry_run", "matched", "changed", "unchanged", "failed", "not_tried",
/// "failures", "receipt"}`, and `issued`, an array of `{"key", "token", "receipt"}`, if keys were rotated.
public struct BulkResource: Encodable, Sendable {
  private let action: BulkAction
  private let report: BulkReport
  private let issued: [IssuedKeyResource]?
  private let dryRun: Bool

  /// - Parameter issued: every new token; `nil` leaves the member out.
  public init(
    _ report: BulkReport, of action: BulkAction, issued: [IssuedKeyResource]?, dryRun: Bool
  ) {
    self.report = report
    self.action = action
    self.issued = issued
    self.dryRun = dryRun
  }

  private enum CodingKeys: String, CodingKey {
    case action, matched, changed, unchanged, failed, failures, issued, receipt
    case dryRun = "dry_run"
    case notTried = "not_tried"
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
    try container.encode(dryRun, forKey: .dryRun)
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
    if let receipt = report.receipt, !dryRun {
      try container.encode(receipt, forKey: .receipt)
    } else {
      try container.encodeNil(forKey: .receipt)
    }
  }
}
