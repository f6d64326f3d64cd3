import CardeaHTTPTypes
import CardeaLifecycle
import CardeaWebhooks
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `/v1/webhooks…`. Reads need `cardea:webhooks:read`, deletions `cardea:webhooks:write`. Everything else decides where
/// signals go, or has some sent, and needs `cardea:signals:read` as well: nobody learns by a webhook what they may
/// not learn from `GET /v1/signals`.
enum WebhookRoutes {
  static let read = "cardea:webhooks:read"
  static let write = ["cardea:webhooks:write"]
  static let send = ["cardea:webhooks:write", SignalTransmission.scope]

  static func add(to table: inout RouteTable, _ webhooks: Webhooks) {
    let fields: Set<String> = ["url", "description", "signals", "enabled"]
    table.post("/v1/webhooks", body: .required(fields)) { exchange in
      let (identity, body) = try await exchange.received(granting: send)
      let fields = try body.fields()
      var new = NewWebhook(url: try fields.requiredString("url"))
      new.description = try fields.string("description") ?? ""
      new.signals = try fields.strings("signals") ?? []
      new.isEnabled = try fields.boolean("enabled") ?? true
      let issued = try await webhooks.create(new, by: Actor(identity))
      return try .json(ChangedWebhookResource(issued, at: exchange.now), status: .created)
    }
    table.get("/v1/webhooks") { exchange in
      _ = try await exchange.identity(granting: read)
      try exchange.query()
      return try .json(
        WebhooksResource(
          try await webhooks.all(), unreadable: try await webhooks.unreadable(), at: exchange.now))
    }
    table.get("/v1/webhooks/{id}") { exchange in
      _ = try await exchange.identity(granting: read)
      try exchange.query()
      let status = try await webhooks.show(try exchange.id())
      return try .json(WebhookResource(status, at: exchange.now))
    }
    table.patch("/v1/webhooks/{id}", body: .required(fields)) { exchange in
      let (identity, body) = try await exchange.received(granting: send)
      let fields = try body.fields()
      var edit = WebhookEdit()
      edit.url = try fields.string("url")
      edit.description = try fields.string("description")
      edit.signals = try fields.strings("signals")
      edit.isEnabled = try fields.boolean("enabled")
      let id = try exchange.id()
      let status = try await webhooks.update(id, edit, by: Actor(identity))
      return try .json(ChangedWebhookResource(status, at: exchange.now))
    }
    table.delete("/v1/webhooks/{id}", body: .optional([])) { exchange in
      let (identity, body) = try await exchange.received(granting: write)
      _ = try body.fields()
      try await webhooks.delete(try exchange.id(), by: Actor(identity))
      return Response(status: .noContent)
    }
    table.post("/v1/webhooks/{id}/rotate-secret", body: .optional(["overlap"])) { exchange in
      let (identity, body) = try await exchange.received(granting: send)
      let overlap = try overlap(try body.fields())
      let issued = try await webhooks.rotateSecret(
        try exchange.id(), overlap: overlap, by: Actor(identity))
      return try .json(ChangedWebhookResource(issued, at: exchange.now))
    }
    table.post("/v1/webhooks/{id}/test", body: .optional([])) { exchange in
      let (_, body) = try await exchange.received(granting: send)
      _ = try body.fields()
      return try .json(WebhookTestResource(try await test(try exchange.id(), webhooks)))
    }
    addDeadLetters(to: &table, webhooks)
  }

  /// For how long the secret before signs too.
  static func overlap(_ fields: BodyFields) throws(Problem) -> Duration {
    let overlap = try fields.duration("overlap") ?? .finite(.zero)
    guard let overlap = overlap.duration else { throw .invalid("overlap", "must be from 0s to 7d") }
    return overlap
  }

  /// - Throws: a ``Denial`` if there were too many tests.
  static func test(_ id: UUID, _ webhooks: Webhooks) async throws -> WebhookAnswer {
    switch try await webhooks.test(id) {
    case .answered(let answer): return answer
    case .limited(let wait):
      throw Denial(
        .rateLimited,
        policy: PolicyDenial(code: "webhook_tests", status: .tooManyRequests, retryAfter: wait))
    }
  }

  private static func addDeadLetters(to table: inout RouteTable, _ webhooks: Webhooks) {
    table.get("/v1/webhooks/{id}/dead-letters", query: QueryNames.deadLetters) { exchange in
      _ = try await exchange.identity(granting: read)
      let fields = try exchange.query()
      let letters = try await webhooks.deadLetters(
        try exchange.id(), after: try fields.position("after") ?? 0, limit: try fields.limit())
      return try .json(DeadLettersResource(letters))
    }
    table.post("/v1/webhooks/{id}/replay", body: .optional(["position"])) { exchange in
      let (_, body) = try await exchange.received(granting: send)
      let position = try body.fields().integer("position")
      if let position, position < 1 { throw Problem.invalid("position", "must be at least 1") }
      let count = try await webhooks.replay(
        try exchange.id(), position: position.map { Int64($0) })
      return try .json(["replayed": count])
    }
  }
}
