import CardeaHTTPTypes
import CardeaLifecycle
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `/v1/keys…`: keys and their lifecycle. Reads need `cardea:keys:read`, changes
/// `cardea:keys:write`.
enum KeyRoutes {
  static func add(to table: inout RouteTable, idempotency: IdempotencyTable) {
    let new = BodyFields.newKey.union(["owner", "dry_run"])
    table.post("/v1/keys", body: .required(new)) { try await create($0, idempotency) }
    table.get("/v1/keys", query: QueryNames.keys) { try await list($0) }
    table.get("/v1/keys/{id}") { exchange in
      _ = try await exchange.identity(granting: "cardea:keys:read")
      try exchange.query()
      let stored = try await exchange.kernel.key(try exchange.id())
      return try .json(KeyResource(stored, at: exchange.now))
    }
    let edit = BodyFields.keyEdit.union(["dry_run"])
    table.patch("/v1/keys/{id}", query: QueryNames.changes, body: .required(edit)) {
      try await update($0)
    }
    table.post(
      "/v1/keys/{id}/rotate", query: QueryNames.changes,
      body: .optional(["overlap", "format", "dry_run"])
    ) { try await rotate($0, idempotency) }
    addActions(to: &table)
  }

  /// The changes that need nothing but the key's id.
  private static func addActions(to table: inout RouteTable) {
    add("complete-rotation", to: &table) { try await $0.completeRotation($1, by: $2) }
    add("cancel-rotation", to: &table) { try await $0.cancelRotation($1, by: $2) }
    add("revoke", to: &table) { try await $0.revokeKey($1, by: $2) }
    add("suspend", to: &table) { try await $0.suspendKey($1, by: $2) }
    add("reactivate", to: &table) { try await $0.reactivateKey($1, by: $2) }
    add("purge", to: &table) { try await $0.purgeKey($1, by: $2) }
  }

  private static func add(
    _ name: String, to table: inout RouteTable,
    _ change: @escaping @Sendable (AuthKernel, UUID, Actor) async throws -> ChangedKey
  ) {
    table.post(
      "/v1/keys/{id}/\(name)", query: QueryNames.changes, body: .optional(["dry_run"])
    ) { exchange in
      let asked = try await RequestedChange(exchange, granting: "cardea:keys:write")
      return try await asked.answer(
        try await change(exchange.kernel, try exchange.id(), asked.actor))
    }
  }

  private static func create(
    _ exchange: Exchange, _ idempotency: IdempotencyTable
  ) async throws -> Response {
    let change = try await RequestedChange(exchange, granting: "cardea:keys:write")
    var new = try change.fields.newKey()
    new.owner = try change.fields.owner()
    if change.dryRun {
      let issued = try await exchange.kernel.createKey(new, by: change.actor)
      return try .json(ChangedKeyResource(rehearsed: issued, at: exchange.now))
    }
    new.idempotency = try claim(exchange, change.body.bytes)
    do {
      let issued = try await idempotency.once(new.idempotency, by: change.actor) {
        try await exchange.kernel.createKey(new, by: change.actor)
      }
      return try .json(IssuedKeyResource(issued, at: exchange.now), status: .created)
    } catch LifecycleError.alreadyDone(let id) {
      return try await alreadyDone(id, exchange)
    }
  }

  /// The client's `Idempotency-Key`, and what it asks for with it.
  private static func claim(
    _ exchange: Exchange, _ body: [UInt8]
  ) throws(Problem) -> IdempotencyClaim? {
    switch exchange.request.headers.value(of: "idempotency-key") {
    case .absent: return nil
    case .one(let key)
    where (1...255).contains(key.utf8.count) && key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }):
      return IdempotencyClaim(
        key: key, bodyDigest: exchange.kernel.primitives.sha256(body).bytes)
    case .one, .repeated:
      throw .invalid("Idempotency-Key", "must be one value of 1 to 255 visible ASCII characters")
    }
  }

  /// A token is never repeated: the answer names the key that was made, and the way to a new token.
  private static func alreadyDone(_ id: UUID, _ exchange: Exchange) async throws -> Response {
    let stored = try await exchange.kernel.key(id)
    var problem = Problem(LifecycleError.alreadyDone(keyID: id))
    problem.requestID = exchange.requestID
    var response = try Response.json(
      AlreadyDoneProblem(problem: problem, key: KeyResource(stored, at: exchange.now)),
      status: .conflict)
    response.headers[.contentType] = Problem.contentType
    return response
  }

  private static func list(_ exchange: Exchange) async throws -> Response {
    _ = try await exchange.identity(granting: "cardea:keys:read")
    let query = try await query(try exchange.query(takesMetadata: true), exchange)
    guard let query else {
      return try .json(PageResource(Page<StoredKey>(items: [], next: nil), at: exchange.now))
    }
    let page = try await exchange.kernel.keys(query)
    return try .json(PageResource(page, in: query.sort, at: exchange.now))
  }

  /// Which keys a listing wants; `nil` if it names an owner that there is not, who has none.
  static func query(_ fields: QueryFields, _ exchange: Exchange) async throws -> KeyQuery? {
    var query = KeyQuery(now: exchange.now, limit: try fields.limit())
    query.state = try fields.choice("state", as: KeyState.self)
    query.kind = try fields.choice("kind", as: KeyRecord.Kind.self)
    query.keyClass = fields.string("class")
    query.scope = fields.string("scope")
    query.text = fields.string("query")
    query.prefix = fields.string("prefix")
    query.unusedBefore = try fields.moment("unused_since", at: exchange.now)
    query.metadata = fields.metadata
    let created = try fields.span("created")
    query.createdFrom = created.from
    let old = try fields.moment("older_than", at: exchange.now)
    query.createdBefore = [created.before, old].compactMap { $0 }.min()
    let expires = try fields.span("expires")
    query.expiresFrom = expires.from
    query.expiresBefore = expires.before
    query.sort = try fields.choice("sort", as: KeySort.self) ?? .newest
    query.after = try fields.keyCursor()
    if let name = fields.string("owner") {
      let kind = try fields.choice("owner_kind", as: OwnerRecord.Kind.self) ?? .user
      let reference = OwnerReference(kind: kind, name: name)
      guard let owner = try await exchange.kernel.findOwner(reference) else { return nil }
      query.ownerID = owner.id
    }
    return query
  }

  private static func update(_ exchange: Exchange) async throws -> Response {
    let change = try await RequestedChange(exchange, granting: "cardea:keys:write")
    let edit = try change.fields.keyEdit()
    return try await change.answer(
      try await exchange.kernel.updateKey(try exchange.id(), edit, by: change.actor))
  }

  private static func rotate(
    _ exchange: Exchange, _ idempotency: IdempotencyTable
  ) async throws -> Response {
    let change = try await RequestedChange(exchange, granting: "cardea:keys:write")
    var rotation = try change.fields.rotation()
    let id = try exchange.id()
    if change.dryRun {
      let issued = try await exchange.kernel.rotateToken(id, rotation, by: change.actor)
      return try .json(ChangedKeyResource(rehearsed: issued, at: exchange.now))
    }
    rotation.idempotency = try claim(
      exchange, Array("rotate \(id.text)\n".utf8) + change.body.bytes)
    do {
      var issued = try await idempotency.once(rotation.idempotency, by: change.actor) {
        [rotation] in
        try await exchange.kernel.rotateToken(id, rotation, by: change.actor)
      }
      issued.receipt = await change.settled(issued.receipt)
      return try .json(IssuedKeyResource(issued, at: exchange.now))
    } catch LifecycleError.alreadyDone(let id) {
      return try await alreadyDone(id, exchange)
    }
  }
}
