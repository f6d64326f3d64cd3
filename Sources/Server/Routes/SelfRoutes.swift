import CardeaHTTPTypes
import CardeaLifecycle
import Hummingbird

/// `/v1/self…`: the presented key acts on itself. Needs no scope.
enum SelfRoutes {
  static func add(to table: inout RouteTable) {
    table.get("/v1/self") { exchange in
      let identity = try await exchange.identity()
      try exchange.query()
      let stored = try await exchange.kernel.key(identity.keyID)
      return try .json(KeyResource(stored, at: exchange.now))
    }
    table.post(
      "/v1/self/revoke", query: QueryNames.changes, body: .optional(["dry_run"])
    ) { exchange in
      let change = try await RequestedChange(exchange)
      guard change.identity.session == nil else { throw LifecycleError.keyRequired }
      return try await change.answer(
        try await exchange.kernel.revokeKey(change.identity.keyID, by: change.actor))
    }
  }
}
