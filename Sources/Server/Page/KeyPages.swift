import CardeaHTTPTypes
import CardeaLifecycle
import HTTPTypes
import Hummingbird

/// `/admin/keys…`: a key's own page, and the forms for a new key and for changing one.
enum KeyPages {
  static func add(to routes: inout PageRoutes) {
    let (read, write) = ("cardea:keys:read", "cardea:keys:write")
    KeyListPage.add(to: &routes)
    routes.get("/keys/{id}", scope: read) { try await show($0) }
    routes.get("/keys/new", query: ["owner", "owner_kind"], scope: write) { visit in
      let query = try visit.query()
      let kind = try query.choice("owner_kind", as: OwnerRecord.Kind.self)
      return newForm(visit, .empty, owner: query.string("owner"), ownerKind: kind)
    }
    routes.post("/keys/new", scope: write) { try await create($0, $1) }
    routes.get("/keys/{id}/edit", scope: write) { visit in
      let stored = try await visit.kernel.key(try visit.id())
      return editForm(visit, stored, nil)
    }
    routes.post("/keys/{id}/edit", scope: write) { try await edit($0, $1) }
  }

  // MARK: one key

  private static func show(_ visit: PageVisit) async throws -> Response {
    let (kernel, now) = (visit.kernel, visit.now)
    let stored = try await kernel.key(try visit.id())
    let key = stored.key
    var values = KeyView.details(stored, on: visit.site, now: now)
    let state = key.state(at: now)
    let isLiving = state != .revoked && state != .purged
    let isRotating = RotationResource(key, at: now) != nil
    values["may_edit"] = isLiving
    values["may_rotate"] = isLiving
    values["may_complete"] = isLiving && isRotating
    values["may_suspend"] = key.status == .active
    values["may_reactivate"] = key.status == .suspended
    values["may_revoke"] = isLiving
    values["may_purge"] = state != .purged
    values["plugin_panels"] = visit.site.plugins.panels(of: PageKey(stored, at: now))
    values["entries"] = false
    values["usage"] = false
    if visit.may("cardea:audit:read") {
      var query = AuditQuery(limit: 10)
      query.keyID = key.id
      // A store without these logs has a page too.
      if let page = try? await kernel.audit(query) {
        values["entries"] = ["rows": page.items.map { EntryView.row($0, now: now) }]
        values["any_entry"] = !page.items.isEmpty
      }
      if let report = try? await kernel.usage(of: key.id, days: UsageChart.days) {
        values["usage"] = UsageChart.values(report)
      }
    }
    return visit.show(
      "key", title: key.name.isEmpty ? key.prefix : key.name, section: "keys", ["key": values])
  }

  // MARK: forms

  private static func newForm(
    _ visit: PageVisit, _ form: PageForm, owner: String? = nil,
    ownerKind: OwnerRecord.Kind? = nil, problem: Problem? = nil
  ) -> Response {
    let configuration = visit.kernel.configuration
    let expiry = configuration.defaultExpiry.map { DurationText.finite($0).description }
    let values: [String: Any] = [
      "is_new": true, "action": "/admin/keys/new", "once": visit.newForm(),
      "name": form["name"], "description": form["description"], "scopes": form["scopes"],
      "no_scopes": form.has("no_scopes"), "class": form["class"], "expires": form["expires"],
      "metadata": form["metadata"], "owner": form.has("owner") ? form["owner"] : owner ?? "",
      "owner_kinds": PageText.options(
        OwnerRecord.Kind.allCases.map(\.rawValue),
        selected: form.text("owner_kind") ?? ownerKind?.rawValue ?? "user"),
      "kinds": PageText.options(
        KeyRecord.Kind.allCases.map(\.rawValue), selected: form.text("kind") ?? "user"),
      "standard_expiry": expiry ?? "never",
      "standard_scopes": configuration.defaultScopes.isEmpty
        ? "none" : configuration.defaultScopes.joined(separator: " "),
      "available": configuration.availableScopes,
      "any_available": !configuration.availableScopes.isEmpty,
      "errors": PageText.errors(problem), "bad": PageText.bad(problem), "back": "/admin/keys",
    ]
    let title = "New key"
    return visit.show(
      "key-form", title: problem == nil ? title : "Error: \(title)", section: "keys",
      values.merging(["heading": title]) { $1 },
      status: problem.map { .init(code: $0.status) } ?? .ok)
  }

  private static func create(_ visit: PageVisit, _ form: PageForm) async throws -> Response {
    do {
      let issued = try await visit.once(form) { claim in
        let fields = try form.newKey()
        var new = try fields.newKey()
        new.owner = try fields.owner()
        new.idempotency = claim
        return try await visit.kernel.createKey(new, by: visit.actor)
      }
      return KeyPages.issued(visit, issued, heading: "The key is made", isNew: true)
    } catch {
      return newForm(visit, form, problem: try correctable(error))
    }
  }

  /// The problem, if the one who filled in the form can put it right; throws the error if not.
  static func correctable(_ error: any Error) throws -> Problem {
    let problem: Problem
    switch error {
    case let error as Problem: problem = error
    case let error as LifecycleError: problem = Problem(error)
    default: throw error
    }
    guard problem.status < 500, problem.status != 404 else { throw error }
    return problem
  }

  /// The one page that shows a token. It is the answer to a form that can't be sent again.
  static func issued(
    _ visit: PageVisit, _ issued: IssuedKey, heading: String, isNew: Bool
  ) -> Response {
    var visit = visit
    visit.keep(issued.receipt)
    if visit.kernel.namesNodes, visit.site.root == AdminPage.root { visit.receipt = issued.receipt }
    return visit.show(
      "issued", title: heading, section: "keys",
      [
        "heading": heading, "token": issued.token.reveal(), "is_new": isNew,
        "key": KeyView.details(issued.stored, on: visit.site, now: visit.now),
      ])
  }

  private static func editForm(
    _ visit: PageVisit, _ stored: StoredKey, _ form: PageForm?, _ problem: Problem? = nil
  ) -> Response {
    let key = stored.key
    let title = "Edit key"
    let values: [String: Any] = [
      "is_new": false, "action": "\(visit.site.path(of: stored))/edit", "once": false,
      "revision": form?["revision"] ?? "\(key.revision)", "prefix": key.prefix,
      "name": form?["name"] ?? key.name, "description": form?["description"] ?? key.description,
      "scopes": form?["scopes"] ?? key.scopes.names.joined(separator: "\n"),
      "class": form?["class"] ?? key.keyClass, "expires": form?["expires"] ?? "",
      "current_expiry": PageText.time(key.expiresAt, now: visit.now),
      "metadata": form?["metadata"] ?? PageText.json(key.metadata),
      "available": visit.kernel.configuration.availableScopes,
      "any_available": !visit.kernel.configuration.availableScopes.isEmpty,
      "errors": PageText.errors(problem), "bad": PageText.bad(problem),
      "back": visit.site.path(of: stored), "heading": title,
    ]
    return visit.show(
      "key-form", title: problem == nil ? title : "Error: \(title)", section: "keys", values,
      status: problem.map { .init(code: $0.status) } ?? .ok)
  }

  private static func edit(_ visit: PageVisit, _ form: PageForm) async throws -> Response {
    let stored = try await visit.kernel.key(try visit.id())
    do {
      // What somebody else wrote meanwhile is not written over unseen.
      guard form["revision"] == "\(stored.key.revision)" else { throw LifecycleError.conflict }
      let edit = try form.keyEdit(of: stored.key).keyEdit()
      let changed = try await visit.kernel.updateKey(stored.key.id, edit, by: visit.actor)
      return visit.redirect(
        to: changed.stored, notice: "The key was changed.", receipt: changed.receipt)
    } catch {
      return editForm(visit, stored, form, try correctable(error))
    }
  }
}
