import CardeaHTTPTypes
import CardeaLifecycle
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `/keys/…`: an owner's list of keys, a key's page, and the form for a new one.
enum PortalKeyPages {
  private static let pageLength = 50
  /// Keys that are counted for what is left of the owner's limit; beyond, the store alone knows.
  private static let mostCounted = 1_000

  static func add(to routes: inout PageRoutes) {
    routes.get("/", query: QueryNames.pages.union(["cursor"])) { try await list($0) }
    routes.get("/{id}") { visit in
      let stored = try await visit.key()
      var values = KeyView.details(stored, on: visit.site, now: visit.now)
      let state = stored.key.state(at: visit.now)
      values["is_living"] = state != .revoked && state != .purged
      values["may_rotate"] =
        (try? LifecycleRules.checkHandOut(stored.key, by: visit.actor)) != nil
      return visit.show("portal-key", title: stored.key.name, section: "keys", ["key": values])
    }
    routes.get("/new") { newForm($0, .empty) }
    routes.post("/new") { try await create($0, $1) }
  }

  /// Whose page it is. A session without an owner is none of this page's.
  private static func owner(_ visit: PageVisit) throws(PageVisit.SignedOut) -> UUID {
    guard let id = visit.holder.ownerID else { throw PageVisit.SignedOut() }
    return id
  }

  private static func list(_ visit: PageVisit) async throws -> Response {
    let fields = try visit.query()
    let owner = try await visit.kernel.owner(try owner(visit))
    var query = KeyQuery(now: visit.now, limit: pageLength)
    query.ownerID = owner.id
    query.after = try fields.keyCursor()
    let place = try fields.before { KeyCursor($0) }
    let listing = try await KeyListing(query, before: place, visit.kernel)
    let links = PageLinks.values(
      "\(visit.site.root)/", PageFilters([]), previous: listing.previous?.text,
      next: listing.next?.text, isFurther: query.after != nil)
    let inUse = try await count(owner, visit)
    return visit.show(
      "portal-keys", title: "Your API keys", section: "keys",
      [
        "owner": owner.name,
        "keys": listing.items.map { KeyView.row($0, on: visit.site, now: visit.now) },
        "any": !listing.items.isEmpty, "limit": (owner.maxKeys < 0 ? nil : owner.maxKeys).shown,
        "in_use": inUse, "has_room": owner.maxKeys < 0 || inUse < owner.maxKeys,
      ].merging(links) { $1 })
  }

  /// How many keys the owner has that count, if there is a limit to them.
  private static func count(_ owner: OwnerRecord, _ visit: PageVisit) async throws -> Int {
    guard owner.maxKeys >= 0 else { return 0 }
    var query = KeyQuery(now: visit.now, limit: mostCounted)
    query.ownerID = owner.id
    return try await visit.kernel.keys(query).items
      .count { $0.key.status != .revoked && $0.key.status != .purged }
  }

  private static func newForm(
    _ visit: PageVisit, _ form: PageForm, _ problem: Problem? = nil
  ) -> Response {
    let configuration = visit.kernel.configuration
    let scopes = visit.holder.scopes
    let available = scopes.isAdmin ? configuration.availableScopes : scopes.names
    let standard = standardScopes(visit)
    let expiry = configuration.defaultExpiry.map { DurationText.finite($0).description }
    let title = "New key"
    return visit.show(
      "portal-key-form", title: problem == nil ? title : "Error: \(title)", section: "keys",
      [
        "heading": title, "once": visit.newForm(), "name": form["name"],
        "description": form["description"], "scopes": form["scopes"], "expires": form["expires"],
        "available": available, "any_available": !available.isEmpty,
        "standard_scopes": standard.isEmpty ? "none" : standard.joined(separator: " "),
        "standard_expiry": expiry ?? "never",
        "latest": PageText.time(visit.holder.latestExpiry, now: visit.now),
        "errors": PageText.errors(problem), "bad": PageText.bad(problem),
      ], status: problem.map { .init(code: $0.status) } ?? .ok)
  }

  /// The standard scopes, as far as whoever is signed in may give them.
  private static func standardScopes(_ visit: PageVisit) -> [String] {
    visit.kernel.configuration.defaultScopes.filter { visit.may($0) }
  }

  /// What is made with a key has its class and its metadata, which may hold its limits.
  private static func create(_ visit: PageVisit, _ form: PageForm) async throws -> Response {
    do {
      let issued = try await visit.once(form) { claim in
        var new = try form.ownKey().newKey()
        if new.scopes?.isEmpty ?? true { new.scopes = standardScopes(visit) }
        new.owner = visit.holder.owner
        if let identity = visit.holder.identity {
          new.keyClass = identity.keyClass
          new.metadata = identity.metadata
        }
        new.idempotency = claim
        return try await visit.kernel.createKey(new, by: visit.actor)
      }
      return KeyPages.issued(visit, issued, heading: "The key is made", isNew: true)
    } catch {
      return newForm(visit, form, try KeyPages.correctable(error))
    }
  }
}
