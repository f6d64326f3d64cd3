import CardeaHTTPTypes
import CardeaKernel
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `/v1/owners…`. Reads need `cardea:keys:read`, changes `cardea:keys:write`.
enum OwnerRoutes {
  static func add(to table: inout RouteTable) {
    let new = BodyFields.newOwner.union(["dry_run"])
    table.post("/v1/owners", body: .required(new)) { try await create($0) }
    table.get("/v1/owners", query: QueryNames.owners) { try await list($0) }
    table.get("/v1/owners/{id}") { exchange in
      _ = try await exchange.identity(granting: "cardea:keys:read")
      try exchange.query()
      return try .json(OwnerResource(try await exchange.kernel.owner(try exchange.id())))
    }
    let edit = BodyFields.ownerEdit.union(["dry_run"])
    table.patch("/v1/owners/{id}", query: QueryNames.changes, body: .required(edit)) { exchange in
      let (identity, body) = try await exchange.received(granting: "cardea:keys:write")
      let fields = try body.fields()
      let edit = try fields.ownerEdit()
      let dryRun = try fields.dryRun()
      let waits = try exchange.waits() && !dryRun
      var changed = try await exchange.kernel.updateOwner(
        try exchange.id(), edit, by: Actor(identity, dryRun: dryRun))
      changed.receipt = await exchange.receipt(changed.receipt, waits: waits)
      return try .json(ChangedOwnerResource(changed, at: exchange.now, dryRun: dryRun))
    }
    table.post(
      "/v1/owners/{id}/disable", query: QueryNames.changes, body: .optional(["dry_run"])
    ) {
      try await act($0) { try await $0.disableOwner($1, by: $2) }
    }
    table.post(
      "/v1/owners/{id}/enable", query: QueryNames.changes, body: .optional(["dry_run"])
    ) {
      try await act($0) { try await $0.enableOwner($1, by: $2) }
    }
  }

  private static func act(
    _ exchange: Exchange,
    _ change: (AuthKernel, UUID, Actor) async throws -> ChangedOwner
  ) async throws -> Response {
    let (identity, body) = try await exchange.received(granting: "cardea:keys:write")
    let dryRun = try body.fields().dryRun()
    let waits = try exchange.waits() && !dryRun
    var changed = try await change(
      exchange.kernel, try exchange.id(), Actor(identity, dryRun: dryRun))
    changed.receipt = await exchange.receipt(changed.receipt, waits: waits)
    return try .json(ChangedOwnerResource(changed, at: exchange.now, dryRun: dryRun))
  }

  private static func create(_ exchange: Exchange) async throws -> Response {
    let (identity, body) = try await exchange.received(granting: "cardea:keys:write")
    let fields = try body.fields()
    let new = try fields.newOwner()
    let dryRun = try fields.dryRun()
    do {
      let created = try await exchange.kernel.createOwner(
        new, by: Actor(identity, dryRun: dryRun))
      return try .json(
        ChangedOwnerResource(created, at: exchange.now, dryRun: dryRun),
        status: dryRun ? .ok : .created)
    } catch LifecycleError.invalid(field: "owner", let reason) {
      // What a key calls its owner is this resource's own name.
      throw Problem.invalid("name", reason)
    }
  }

  private static func list(_ exchange: Exchange) async throws -> Response {
    _ = try await exchange.identity(granting: "cardea:keys:read")
    let query = try query(try exchange.query())
    return try .json(PageResource(try await exchange.kernel.owners(query)))
  }

  static func query(_ fields: QueryFields) throws(Problem) -> OwnerQuery {
    var query = OwnerQuery(
      kind: try fields.choice("kind", as: OwnerRecord.Kind.self), name: fields.string("name"),
      limit: try fields.limit())
    query.member = fields.string("member")
    query.after = try fields.cursor()
    return query
  }
}
