import CardeaHTTPTypes
import CardeaLifecycle
import HTTPTypes
import Hummingbird

/// `POST /v1/portal-links`: the host application asks for a link that signs one owner in to their page, once.
enum PortalRoutes {
  static let scope = "cardea:portal:write"

  /// - Parameter site: whose address the links lead to.
  static func add(to table: inout RouteTable, _ links: PortalLinks, site: PageSite) {
    table.post("/v1/portal-links", body: .required(["owner", "ttl", "scopes"])) { exchange in
      let (identity, body) = try await exchange.received(granting: scope)
      // A link begins a session, and a session makes none.
      guard identity.session == nil else { throw LifecycleError.keyRequired }
      let fields = try body.fields()
      guard let reference = try fields.owner() else {
        throw Problem.invalid("owner", "is required")
      }
      let lifetime = try lifetime(fields)
      let scopes = try scopes(fields, identity, exchange.kernel.configuration)
      let owner = try await owner(reference, exchange.kernel)
      let origin = try site.origin(exchange.request)
      guard try await links.hasRoom(for: identity) else { throw full }
      let link = try await links.make(
        for: owner, scopes: scopes, lifetime: lifetime, issuer: identity)
      return try .json(
        PortalLinkResource(
          url: "\(origin)\(site.root)\(PortalLinkPage.path)?\(PortalLinkPage.item)=\(link.text)",
          expiresAt: link.expiresAt), status: .created)
    }
  }

  private static let full = Problem(
    status: 409, code: "link_limit",
    detail: "the key has \(PortalLinks.mostUnused) links that nobody used yet, as many as it may; "
      + "retry when some of them are used or past their end, and ask with a shorter ttl")

  private static func lifetime(_ fields: BodyFields) throws(Problem) -> Duration {
    guard let text = try fields.duration("ttl") else { return PortalLinks.standardLife }
    guard let duration = text.duration, duration >= PortalLinks.shortestLife,
      duration <= PortalLinks.longestLife
    else { throw Problem.invalid("ttl", "must be from 1s to 1h") }
    return duration
  }

  /// What the owner may give to keys: what is asked for, else what the asking key grants, never the management of
  /// Cardea itself.
  /// - Throws: `beyond_actor` if the asking key does not grant it, since a link is a way to make keys.
  private static func scopes(
    _ fields: BodyFields, _ identity: Identity, _ configuration: KernelConfiguration
  ) throws -> ScopeSet {
    guard let names = try fields.strings("scopes") else {
      let all =
        identity.scopes.isAdmin
        ? configuration.availableScopes + configuration.defaultScopes : identity.scopes.names
      return ScopeSet(all.filter { !$0.utf8.starts(with: "cardea:".utf8) })
    }
    guard names.count <= 256, names.allSatisfy({ ScopeSet.isValid($0) }) else {
      throw Problem.invalid(
        "scopes", "must be at most 256 names of 1 to 128 bytes of printable ASCII without spaces")
    }
    guard !names.contains(where: { $0.utf8.starts(with: "cardea:".utf8) }) else {
      throw Problem.invalid(
        "scopes", "must not name scopes of Cardea itself: an owner manages their own keys only")
    }
    let scopes = ScopeSet(names)
    guard identity.scopes.covers(scopes) else {
      throw LifecycleError.beyondActor("not every one of these scopes is among it")
    }
    return scopes
  }

  private static func owner(
    _ reference: OwnerReference, _ kernel: AuthKernel
  ) async throws -> OwnerRecord {
    guard let owner = try await kernel.findOwner(reference) else {
      throw Problem.invalid(
        "owner", "no \(reference.kind.rawValue) of that name exists; make it with POST /v1/owners")
    }
    guard !owner.disabled else { throw LifecycleError.ownerDisabled(owner.name) }
    return owner
  }
}
