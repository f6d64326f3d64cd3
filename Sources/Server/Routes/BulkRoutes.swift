import CardeaHTTPTypes
import CardeaLifecycle
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `POST /v1/keys/bulk`: rotates, suspends, reactivates, revokes or purges every key that a filter finds. Needs
/// `cardea:keys:write`; what the acting key may not do to a key is among the failures.
enum BulkRoutes {
  /// New tokens that one answer holds.
  private static let mostTokens = 1_000

  static func add(to table: inout RouteTable) {
    table.post(
      "/v1/keys/bulk", query: QueryNames.changes,
      body: .required(["action", "filter", "overlap", "format", "dry_run"])
    ) { try await change($0) }
  }

  private static func change(_ exchange: Exchange) async throws -> Response {
    let change = try await RequestedChange(exchange, granting: "cardea:keys:write")
    let fields = change.fields
    guard let action = try fields.choice("action", as: BulkAction.self) else {
      throw Problem.invalid("action", "is required")
    }
    let rotation = try fields.rotation()
    if action != .rotate, rotation.overlap != .zero || rotation.format != nil {
      throw Problem.invalid("overlap", "overlap and format are for the action rotate")
    }
    guard case .absent = exchange.request.headers.value(of: "idempotency-key") else {
      throw Problem.invalid(
        "Idempotency-Key", "is for single keys; after a lost answer, list what changed")
    }
    let dryRun = change.dryRun
    guard let filter = try fields.fields("filter", known: BodyFields.keyFilter), !filter.isEmpty
    else { throw Problem.invalid("filter", "must name at least one condition") }
    let kernel = exchange.kernel
    let now = exchange.now
    var query = try filter.keyQuery(at: now)
    let owner = try filter.owner()
    // An object of metadata without a field is no condition either.
    guard query != KeyQuery(now: now) || owner != nil else {
      throw Problem.invalid("filter", "must name at least one condition")
    }
    if let owner { query.ownerID = try await kernel.findOwner(owner)?.id }
    var selected: [SelectedKey] = []
    // An unknown owner has no keys.
    if owner == nil || query.ownerID != nil {
      selected = try await kernel.select(query, for: action, rotation: rotation)
    }
    guard action != .rotate || selected.count <= mostTokens else {
      throw Problem.invalid(
        "filter",
        "finds \(selected.count) keys; one answer holds at most \(mostTokens) new tokens")
    }
    var issued: [IssuedKeyResource] = []
    var rehearsed: [SelectedKey] = []
    var report = await kernel.change(
      selected, action, matching: query, rotation: rotation, by: change.actor
    ) { key, outcome in
      switch outcome {
      case .changed where dryRun, .issued where dryRun: rehearsed.append(key)
      case .issued(let key): issued.append(IssuedKeyResource(key, at: now))
      default: break
      }
      return true
    }
    // Where nothing at all was done there is nothing to tell but the failure.
    if report.changed == 0, case .storeUnavailable? = report.failures.first?.error {
      throw LifecycleError.storeUnavailable("the store stopped answering")
    }
    if let receipt = report.receipt {
      report.receipt = await change.settled(receipt)
    }
    return try .json(
      BulkResource(
        report, of: action, issued: action == .rotate && !dryRun ? issued : nil,
        rehearsed: dryRun ? rehearsed : nil))
  }
}
