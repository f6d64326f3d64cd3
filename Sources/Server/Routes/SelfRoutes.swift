import CardeaHTTPTypes
import CardeaKernel
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
      let (identity, body) = try await exchange.received()
      let dryRun = try body.fields().dryRun()
      let waits = try exchange.waits() && !dryRun
      guard identity.session == nil else { throw LifecycleError.keyRequired }
      var changed = try await exchange.kernel.revokeKey(
        identity.keyID, by: Actor(identity, dryRun: dryRun))
      changed.receipt = await exchange.receipt(changed.receipt, waits: waits)
      return try .json(ChangedKeyResource(changed, at: exchange.now, dryRun: dryRun))
    }
  }
}
