import CardeaHTTPTypes
import CardeaKernel
import CardeaWebhooks
import HTTPTypes
import Hummingbird
import Logging

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `/v1/webhooks…`. Reads need `cardea:webhooks:read`, everything else `cardea:webhooks:write`: whoever has that can
/// have every signal sent anywhere.
enum WebhookRoutes {
  private static let read = "cardea:webhooks:read"
  private static let write = "cardea:webhooks:write"

  static func add(to table: inout RouteTable, _ webhooks: Webhooks) {
    let fields: Set<String> = ["url", "description", "signals", "enabled"]
    table.post("/v1/webhooks", body: .required(fields)) { exchange in
      let (identity, body) = try await exchange.received(granting: write)
      let fields = try body.fields()
      var new = NewWebhook(url: try fields.requiredString("url"))
      new.description = try fields.string("description") ?? ""
      new.signals = try fields.strings("signals") ?? []
      new.isEnabled = try fields.boolean("enabled") ?? true
      let issued = try await webhooks.create(new, by: Actor(identity))
      log("created", issued.status.endpoint.id, identity, exchange)
      return try .json(ChangedWebhookResource(issued, at: exchange.now), status: .created)
    }
    table.get("/v1/webhooks") { exchange in
      _ = try await exchange.identity(granting: read)
      try exchange.query()
      return try .json(WebhooksResource(try await webhooks.all(), at: exchange.now))
    }
    table.get("/v1/webhooks/{id}") { exchange in
      _ = try await exchange.identity(granting: read)
      try exchange.query()
      let status = try await webhooks.show(try exchange.id())
      return try .json(WebhookResource(status, at: exchange.now))
    }
    table.patch("/v1/webhooks/{id}", body: .required(fields)) { exchange in
      let (identity, body) = try await exchange.received(granting: write)
      let fields = try body.fields()
      var edit = WebhookEdit()
      edit.url = try fields.string("url")
      edit.description = try fields.string("description")
      edit.signals = try fields.strings("signals")
      edit.isEnabled = try fields.boolean("enabled")
      let id = try exchange.id()
      let status = try await webhooks.update(id, edit)
      log("changed", id, identity, exchange)
      return try .json(ChangedWebhookResource(status, at: exchange.now))
    }
    table.delete("/v1/webhooks/{id}", body: .optional([])) { exchange in
      let (identity, body) = try await exchange.received(granting: write)
      _ = try body.fields()
      let id = try exchange.id()
      try await webhooks.delete(id)
      log("deleted", id, identity, exchange)
      return Response(status: .noContent)
    }
    table.post("/v1/webhooks/{id}/rotate-secret", body: .optional(["overlap"])) { exchange in
      let (identity, body) = try await exchange.received(granting: write)
      let overlap = try body.fields().duration("overlap") ?? .finite(.zero)
      guard let overlap = overlap.duration else {
        throw Problem.invalid("overlap", "must be from 0s to 7d")
      }
      let id = try exchange.id()
      let issued = try await webhooks.rotateSecret(id, overlap: overlap)
      log("given a new secret", id, identity, exchange)
      return try .json(ChangedWebhookResource(issued, at: exchange.now))
    }
    table.post("/v1/webhooks/{id}/test", body: .optional([])) { exchange in
      let (_, body) = try await exchange.received(granting: write)
      _ = try body.fields()
      return try .json(WebhookTestResource(try await webhooks.test(try exchange.id())))
    }
    addDeadLetters(to: &table, webhooks)
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
      let (_, body) = try await exchange.received(granting: write)
      let position = try body.fields().integer("position")
      if let position, position < 1 { throw Problem.invalid("position", "must be at least 1") }
      let count = try await webhooks.replay(
        try exchange.id(), position: position.map { Int64($0) })
      return try .json(["replayed": count])
    }
  }

  /// Endpoints are no records of the signal log: who changed one is said here.
  private static func log(
    _ what: String, _ id: UUID, _ identity: Identity, _ exchange: Exchange
  ) {
    exchange.logger.notice(
      "webhook \(what)", metadata: ["webhook": "\(id.text)", "by": "\(Actor(identity))"])
  }
}
