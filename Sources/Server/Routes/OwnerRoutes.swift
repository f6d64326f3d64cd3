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
    let new: Set<String> = [
      "name", "kind", "max_keys", "metadata", "members", "with_key", "dry_run",
    ]
    table.post("/v1/owners", body: .required(new)) { try await create($0) }
    table.get("/v1/owners", query: QueryNames.owners) { try await list($0) }
    table.get("/v1/owners/{id}") { exchange in
      _ = try await exchange.identity(granting: "cardea:keys:read")
      try exchange.query()
      return try .json(OwnerResource(try await exchange.kernel.owner(try exchange.id())))
    }
    let edit: Set<String> = ["max_keys", "metadata", "members", "dry_run"]
    table.patch("/v1/owners/{id}", body: .required(edit)) { exchange in
      let (identity, body) = try await exchange.received(granting: "cardea:keys:write")
      let fields = try body.fields()
      var edit = OwnerEdit()
      edit.maxKeys = try fields.integer("max_keys")
      edit.metadata = try fields.object("metadata")
      edit.members = try fields.strings("members")
      let dryRun = try fields.dryRun()
      let changed = try await exchange.kernel.updateOwner(
        try exchange.id(), edit, by: Actor(identity, dryRun: dryRun))
      return try .json(ChangedOwnerResource(changed, at: exchange.now, dryRun: dryRun))
    }
    table.post("/v1/owners/{id}/disable", body: .optional(["dry_run"])) {
      try await act($0) { try await $0.disableOwner($1, by: $2) }
    }
    table.post("/v1/owners/{id}/enable", body: .optional(["dry_run"])) {
      try await act($0) { try await $0.enableOwner($1, by: $2) }
    }
  }

  private static func act(
    _ exchange: Exchange,
    _ change: (AuthKernel, UUID, Actor) async throws -> ChangedOwner
  ) async throws -> Response {
    let (identity, body) = try await exchange.received(granting: "cardea:keys:write")
    let dryRun = try body.fields().dryRun()
    let changed = try await change(
      exchange.kernel, try exchange.id(), Actor(identity, dryRun: dryRun))
    return try .json(ChangedOwnerResource(changed, at: exchange.now, dryRun: dryRun))
  }

  private static func create(_ exchange: Exchange) async throws -> Response {
    let (identity, body) = try await exchange.received(granting: "cardea:keys:write")
    let fields = try body.fields()
    var new = NewOwner(
      kind: try fields.choice("kind", as: OwnerRecord.Kind.self) ?? .user,
      name: try fields.requiredString("name"), maxKeys: try fields.integer("max_keys"))
    new.metadata = try fields.object("metadata") ?? [:]
    new.members = try fields.strings("members") ?? []
    new.firstKey = try fields.fields("with_key", known: BodyFields.newKey)?.newKey()
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
    let fields = try exchange.query()
    var query = OwnerQuery(
      kind: try fields.choice("kind", as: OwnerRecord.Kind.self), name: fields.string("name"),
      limit: try fields.limit())
    query.member = fields.string("member")
    query.after = try fields.cursor()
    return try .json(PageResource(try await exchange.kernel.owners(query)))
  }
}
