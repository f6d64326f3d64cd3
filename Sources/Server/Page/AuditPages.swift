import CardeaHTTPTypes
import CardeaLifecycle
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `/admin/audit`: both logs with every filter of `GET /v1/audit`, as a page or as JSON lines.
enum AuditPages {
  /// Entries that one file of JSON lines may hold.
  private static let mostExported = 100_000

  static func add(to routes: inout PageRoutes) {
    let read = "cardea:audit:read"
    routes.get("/audit", query: QueryNames.audit.union(QueryNames.pages), scope: read) {
      try await list($0)
    }
    routes.get("/audit/verify", scope: read) { try await verify($0) }
    routes.get("/audit/export", query: QueryNames.audit, scope: read) { try await export($0) }
  }

  private static func list(_ visit: PageVisit) async throws -> Response {
    let fields = try visit.query()
    var (items, previous, next) = ([AuditItem](), nil as AuditCursor?, nil as AuditCursor?)
    var problem: Problem?
    do {
      var query = try AuditRoutes.query(fields)
      if fields.string("limit") == nil { query.limit = 50 }
      if let place = try fields.before({ AuditCursor($0) }) {
        let found = try await visit.kernel.audit(query, before: place)
        (items, previous, next) = (found.page.items, found.start, found.page.next)
      } else {
        let page = try await visit.kernel.audit(query)
        (items, previous, next) = (page.items, query.cursor, page.next)
      }
    } catch { problem = try KeyPages.correctable(error) }
    let filters = PageFilters(
      visit.exchange.target.query, names: QueryNames.audit.subtracting(["cursor"]))
    let links = PageLinks.values(
      "/admin/audit", filters, previous: previous?.text, next: next?.text,
      isFurther: fields.string("cursor") != nil)
    return visit.show(
      "audit", title: "Audit", section: "audit",
      [
        "rows": items.map { EntryView.row($0, now: visit.now) }, "any_entry": !items.isEmpty,
        "actions": actions,
        "filter": filters.values, "is_filtered": filters.isFiltering,
        "has_more_filters": filters.has([
          "key", "path", "method", "status", "address", "user_agent", "since", "until",
        ]),
        "export": "/admin/audit/export?\(filters.query(cursor: nil))",
        "errors": PageText.errors(problem),
      ].merging(links) { $1 }, status: problem.map { .init(code: $0.status) } ?? .ok)
  }

  /// What both logs may tell of.
  private static let actions = [
    UserLoggedIn.name, UserLoggedOut.name, AuthenticationFailed.name, RateLimited.name,
    KeyCreated.name, KeyUpdated.name, TokenRotated.name, RotationCompleted.name,
    RotationCancelled.name, KeySuspended.name, KeyReactivated.name, KeyRevoked.name,
    KeyPurged.name, KeyExpired.name, KeyExpiring.name, HashUpgraded.name, OwnerCreated.name,
    OwnerUpdated.name, OwnerDisabled.name, OwnerEnabled.name, WebhookCreated.name,
    WebhookUpdated.name, WebhookDeleted.name, WebhookSecretRotated.name,
  ]

  /// Goes through both logs, as `cardea audit verify` does: the status of every chain.
  private static func verify(_ visit: PageVisit) async throws -> Response {
    let key = visit.kernel.configuration.auditSigningKey
    let keys = key.map { [visit.kernel.primitives.publicKey(of: $0)] } ?? []
    var report = try await visit.kernel.verifyAudit(keys: keys)
    // A key that was configured a moment ago has signed nothing yet, which is no fault of the logs.
    let awaitsSignature = report.awaitsSignature
    if awaitsSignature { report = try await visit.kernel.verifyAudit() }
    return visit.show(
      "verify", title: "Chain status", section: "audit",
      [
        "intact": report.isIntact, "signed": report.isSigned, "checkpoints": report.checkpoints,
        "awaits": awaitsSignature,
        "chains": report.chains.map { chain in
          let fault = report.faults.first { $0.log == chain.log && $0.node == chain.node }
          return [
            "log": chain.log, "node": chain.node.shown, "looked_at": chain.entries,
            "pruned": chain.pruned, "fault": fault.map { "at \($0.position): \($0.problem)" }.shown,
          ] as [String: Any]
        },
        "others": report.faults.filter { fault in
          !report.chains.contains { $0.log == fault.log && $0.node == fault.node }
        }.map { "\($0.log) at \($0.position): \($0.problem)" },
      ])
  }

  /// One entry a line, as `GET /v1/audit` has it, newest first. The key is looked at again before every part.
  private static func export(_ visit: PageVisit) async throws -> Response {
    var query = try AuditRoutes.query(try visit.query())
    query.limit = 1_000
    let first = try await visit.kernel.audit(query)
    let (kernel, start) = (visit.kernel, query)
    let body = ResponseBody { writer in
      var (query, page, count) = (start, first, 0)
      while true {
        var bytes = ByteBuffer()
        for item in page.items {
          bytes.writeBytes(try JSONEncoder.contract().encode(AuditResource(item)))
          bytes.writeString("\n")
        }
        count += page.items.count
        try await writer.write(bytes)
        guard let next = page.next, count < mostExported else { break }
        // What is cut short must not look whole: the answer ends in the middle.
        guard let holder = try await visit.site.current(visit.holder),
          holder.scopes.grants("cardea:audit:read")
        else { throw PageVisit.SignedOut() }
        query.cursor = next
        page = try await kernel.audit(query)
      }
      try await writer.finish(nil)
    }
    return Response(
      status: .ok,
      headers: [
        .contentType: "application/x-ndjson",
        .contentDisposition: "attachment; filename=\"audit.jsonl\"",
      ], body: body)
  }
}
