import CardeaHTTPTypes
import CardeaLifecycle
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `/admin/owners…`: the list, an owner's page with their keys, and the forms to make, change, disable and enable one.
enum OwnerPages {
  static func add(to routes: inout PageRoutes) {
    let (read, write) = ("cardea:keys:read", "cardea:keys:write")
    routes.get("/owners", query: QueryNames.owners.union(QueryNames.pages), scope: read) {
      try await list($0)
    }
    routes.get("/owners/{id}", scope: read) { try await show($0) }
    routes.get("/owners/new", scope: write) { newForm($0, .empty) }
    routes.post("/owners/new", scope: write) { try await create($0, $1) }
    routes.get("/owners/{id}/edit", scope: write) { visit in
      editForm(visit, try await visit.kernel.owner(try visit.id()), nil)
    }
    routes.post("/owners/{id}/edit", scope: write) { try await edit($0, $1) }
    for disables in [true, false] {
      let path = "/owners/{id}/\(disables ? "disable" : "enable")"
      routes.get(path, scope: write) { try await confirm($0, disables: disables) }
      routes.post(path, scope: write) { visit, _ in try await turn(visit, disables: disables) }
    }
  }

  private static func path(_ owner: OwnerRecord) -> String { "/owners/\(owner.id.text)" }

  private static func values(_ owner: OwnerRecord, _ now: Timestamp) -> [String: Any] {
    [
      "id": owner.id.text, "path": AdminPage.root + path(owner), "name": owner.name,
      "kind": owner.kind.rawValue, "disabled": owner.disabled,
      "max_keys": owner.maxKeys < 0 ? "any number" : "\(owner.maxKeys)",
      "created": PageText.time(owner.createdAt, now: now), "members": owner.members,
      "is_organization": owner.kind == .organization, "has_members": !owner.members.isEmpty,
      "metadata": PageText.metadata(owner.metadata),
    ]
  }

  private static func list(_ visit: PageVisit) async throws -> Response {
    let fields = try visit.query()
    var query = try OwnerRoutes.query(fields)
    if fields.string("limit") == nil { query.limit = 50 }
    let place = try fields.before { UUID(strict: $0) }
    let (page, previous) = try await page(query, before: place, visit.kernel)
    let filters = PageFilters(
      visit.exchange.target.query, names: QueryNames.owners.subtracting(["cursor"]))
    let links = PageLinks.values(
      "/admin/owners", filters, previous: previous?.text, next: page.next?.text,
      isFurther: query.after != nil)
    return visit.show(
      "owners", title: "Owners", section: "owners",
      [
        "owners": page.items.map { values($0, visit.now) }, "any": !page.items.isEmpty,
        "filter": filters.values, "is_filtered": filters.isFiltering,
        "kinds": PageText.options(
          OwnerRecord.Kind.allCases.map(\.rawValue), selected: fields.string("kind"),
          any: "Any kind"),
      ].merging(links) { $1 })
  }

  /// A page of owners, and the one that the page before ends before.
  /// - Parameter place: the owner that the page ends before, instead of beginning after the query's. Less than a page from
  ///   the first owner is the first page, whole.
  private static func page(
    _ query: OwnerQuery, before place: UUID?, _ kernel: AuthKernel
  ) async throws(LifecycleError) -> (Page<OwnerRecord>, previous: UUID?) {
    if let place {
      var back = query
      back.after = place
      back.descending = true
      let found = try await kernel.owners(back)
      if found.next != nil {
        let items = Array(found.items.reversed())
        return (Page(items: items, next: items.last?.id), previous: items.first?.id)
      }
    }
    let page = try await kernel.owners(query)
    return (page, previous: query.after == nil ? nil : page.items.first?.id)
  }

  private static func show(_ visit: PageVisit) async throws -> Response {
    let now = visit.now
    let owner = try await visit.kernel.owner(try visit.id())
    var query = KeyQuery(now: now, limit: 20)
    query.ownerID = owner.id
    let keys = try await visit.kernel.keys(query)
    let link = PageFilters([("owner", owner.name), ("owner_kind", owner.kind.rawValue)])
      .query(cursor: nil)
    return visit.show(
      "owner", title: owner.name, section: "owners",
      [
        "owner_record": values(owner, now),
        "keys": keys.items.map { KeyView.row($0, on: visit.site, now: now) },
        "any": !keys.items.isEmpty, "more": keys.next != nil,
        "keys_path": "/admin/keys?\(link)", "new_path": "/admin/keys/new?\(link)",
      ])
  }

  private static func form(
    _ visit: PageVisit, title: String, _ values: [String: Any], _ problem: Problem?
  ) -> Response {
    var values = values
    values["heading"] = title
    values["errors"] = PageText.errors(problem)
    values["bad"] = PageText.bad(problem)
    return visit.show(
      "owner-form", title: problem == nil ? title : "Error: \(title)", section: "owners", values,
      status: problem.map { .init(code: $0.status) } ?? .ok)
  }

  private static func newForm(
    _ visit: PageVisit, _ form: PageForm, _ problem: Problem? = nil
  ) -> Response {
    self.form(
      visit, title: "New owner",
      [
        "is_new": true, "action": "/admin/owners/new", "back": "/admin/owners",
        "once": visit.newForm(), "name": form["name"], "max_keys": form["max_keys"],
        "members": form["members"], "metadata": form["metadata"], "shows_members": true,
        "kinds": PageText.options(
          OwnerRecord.Kind.allCases.map(\.rawValue), selected: form.text("kind") ?? "user"),
        "first_key": visit.kernel.configuration.firstKeyName.shown,
      ], problem)
  }

  private static func create(_ visit: PageVisit, _ form: PageForm) async throws -> Response {
    // With `owners.first_key` the answer shows a token.
    do {
      // Of two of one name there is only the first.
      let created = try await visit.once(form) { _ in
        try await visit.kernel.createOwner(try form.newOwner().newOwner(), by: visit.actor)
      }
      guard let key = created.firstKey else {
        return visit.redirect(
          path(created.owner), notice: "The owner was made.", receipt: created.receipt)
      }
      return KeyPages.issued(
        visit, key, heading: "The owner and a first key are made", isNew: true)
    } catch LifecycleError.invalid(field: "owner", let reason) {
      return newForm(visit, form, .invalid("name", reason))
    } catch {
      return newForm(visit, form, try KeyPages.correctable(error))
    }
  }

  private static func editForm(
    _ visit: PageVisit, _ owner: OwnerRecord, _ form: PageForm?, _ problem: Problem? = nil
  ) -> Response {
    self.form(
      visit, title: "Edit owner",
      [
        "is_new": false, "action": "\(AdminPage.root)\(path(owner))/edit",
        "back": AdminPage.root + path(owner), "once": false,
        "revision": form?["revision"] ?? "\(owner.revision)", "name": owner.name,
        "max_keys": form?["max_keys"] ?? "\(owner.maxKeys)",
        "members": form?["members"] ?? owner.members.joined(separator: "\n"),
        "metadata": form?["metadata"] ?? PageText.json(owner.metadata),
        "shows_members": owner.kind == .organization, "first_key": false,
      ], problem)
  }

  private static func edit(_ visit: PageVisit, _ form: PageForm) async throws -> Response {
    let owner = try await visit.kernel.owner(try visit.id())
    do {
      guard form["revision"] == "\(owner.revision)" else { throw LifecycleError.conflict }
      let edit = try form.ownerEdit(of: owner).ownerEdit()
      let changed = try await visit.kernel.updateOwner(owner.id, edit, by: visit.actor)
      return visit.redirect(
        path(owner), notice: "The owner was changed.", receipt: changed.receipt)
    } catch {
      return editForm(visit, owner, form, try KeyPages.correctable(error))
    }
  }

  private static func confirm(_ visit: PageVisit, disables: Bool) async throws -> Response {
    let owner = try await visit.kernel.owner(try visit.id())
    let verb = disables ? "Disable" : "Enable"
    return visit.show(
      "confirm", title: "\(verb) \(owner.name)?", section: "owners",
      [
        "heading": "\(verb) this owner?",
        "effect": disables
          ? "Requests with any of their keys are refused from now on, until somebody enables them again."
          : "Requests with their keys are allowed again, as far as each key is in force.",
        "button": verb, "is_final": false, "key": false, "owner_record": values(owner, visit.now),
        "action": "\(AdminPage.root)\(path(owner))/\(disables ? "disable" : "enable")",
        "back": AdminPage.root + path(owner),
        "is_own": disables && owner.id == visit.holder.ownerID,
      ])
  }

  private static func turn(_ visit: PageVisit, disables: Bool) async throws -> Response {
    let id = try visit.id()
    let changed =
      disables
      ? try await visit.kernel.disableOwner(id, by: visit.actor)
      : try await visit.kernel.enableOwner(id, by: visit.actor)
    return visit.redirect(
      path(changed.owner), notice: disables ? "The owner is disabled." : "The owner is enabled.",
      receipt: changed.receipt)
  }
}
