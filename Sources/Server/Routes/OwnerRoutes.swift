import CardeaHTTPTypes
import CardeaLifecycle
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
      let change = try await RequestedChange(exchange, granting: "cardea:keys:write")
      let edit = try change.fields.ownerEdit()
      return try await change.answer(
        try await exchange.kernel.updateOwner(try exchange.id(), edit, by: change.actor))
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
    let asked = try await RequestedChange(exchange, granting: "cardea:keys:write")
    return try await asked.answer(
      try await change(exchange.kernel, try exchange.id(), asked.actor))
  }

  private static func create(_ exchange: Exchange) async throws -> Response {
    let change = try await RequestedChange(exchange, granting: "cardea:keys:write")
    let new = try change.fields.newOwner()
    do {
      let created = try await exchange.kernel.createOwner(new, by: change.actor)
      return try .json(
        ChangedOwnerResource(created, at: exchange.now, dryRun: change.dryRun),
        status: change.dryRun ? .ok : .created)
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
