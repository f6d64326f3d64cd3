import CardeaHTTPTypes
import CardeaLifecycle
import HTTPTypes
import Hummingbird

/// `GET /v1/audit`: both logs, newest first; `GET /v1/keys/{id}/usage`: what the access log counts of a key. Need
/// `cardea:audit:read`.
enum AuditRoutes {
  static func add(to table: inout RouteTable) {
    table.get("/v1/audit", query: QueryNames.audit) { exchange in
      _ = try await exchange.identity(granting: "cardea:audit:read")
      let query = try query(try exchange.query())
      let page = try await exchange.kernel.audit(query)
      return try .json(PageResource(page))
    }
    table.get("/v1/keys/{id}/usage", query: QueryNames.usage) { exchange in
      _ = try await exchange.identity(granting: "cardea:audit:read")
      let days = try exchange.query().number("days", 1...AuthKernel.mostUsageDays) ?? 30
      return try .json(
        UsageResource(try await exchange.kernel.usage(of: try exchange.id(), days: days)))
    }
  }

  static func query(_ fields: QueryFields) throws(Problem) -> AuditQuery {
    var query = AuditQuery(limit: try fields.limit())
    query.keyID = try fields.id("key")
    query.prefix = fields.string("prefix")
    query.owner = fields.string("owner")
    query.action = fields.string("action")
    query.path = fields.string("path")
    query.method = fields.string("method")
    query.status = try fields.status("status")
    query.address = fields.string("address")
    query.userAgent = fields.string("user_agent")
    query.since = try fields.time("since")
    query.until = try fields.time("until")
    if let text = fields.string("cursor") {
      guard let cursor = AuditCursor(text) else {
        throw Problem.invalid("cursor", "must be the next_cursor of the page before")
      }
      query.cursor = cursor
    }
    return query
  }
}
