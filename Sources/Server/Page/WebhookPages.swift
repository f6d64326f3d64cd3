import CardeaHTTPTypes
import CardeaLifecycle
import CardeaWebhooks
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `/admin/webhooks…`: the list, an endpoint's own page with how deliveries go, what was given up on, and the forms for
/// a new endpoint and for changing one. The rights are those of ``WebhookRoutes``.
enum WebhookPages {
  static func add(to routes: inout PageRoutes, _ webhooks: Webhooks) {
    let (read, send) = (WebhookRoutes.read, WebhookRoutes.send)
    routes.get("/webhooks", scope: read) { try await list($0, webhooks) }
    routes.get("/webhooks/new", scopes: send) { newForm($0, .empty) }
    routes.post("/webhooks/new", scopes: send) { try await create($0, $1, webhooks) }
    routes.get("/webhooks/{id}", scope: read) { try await show($0, webhooks) }
    routes.get("/webhooks/{id}/edit", scopes: send) { visit in
      editForm(visit, try await webhooks.show(try visit.id()).endpoint, nil)
    }
    routes.post("/webhooks/{id}/edit", scopes: send) { try await edit($0, $1, webhooks) }
    routes.get(
      "/webhooks/{id}/dead-letters", query: QueryNames.deadLetters, scope: read
    ) { try await deadLetters($0, webhooks) }
    routes.post("/webhooks/{id}/replay", scopes: send) { try await replay($0, $1, webhooks) }
  }

  /// Whether the one who looks may make and change endpoints, and have signals sent.
  private static func maySend(_ visit: PageVisit) -> Bool {
    WebhookRoutes.send.allSatisfy { visit.may($0) }
  }

  private static func mayDelete(_ visit: PageVisit) -> Bool {
    WebhookRoutes.write.allSatisfy { visit.may($0) }
  }

  // MARK: what there is

  private static func list(_ visit: PageVisit, _ webhooks: Webhooks) async throws -> Response {
    let all = try await webhooks.all()
    let unreadable = try await webhooks.unreadable()
    return visit.show(
      "webhooks", title: "Webhooks", section: "webhooks",
      [
        "webhooks": all.map { WebhookView.row($0, now: visit.now) }, "any": !all.isEmpty,
        "unreadable": unreadable.map {
          ["id": $0.text, "path": AdminPage.root + WebhookView.path($0)]
        }, "any_unreadable": !unreadable.isEmpty,
        "may_send": maySend(visit), "may_delete": mayDelete(visit),
      ])
  }

  private static func show(_ visit: PageVisit, _ webhooks: Webhooks) async throws -> Response {
    let status = try await webhooks.show(try visit.id())
    return visit.show(
      "webhook", title: "Webhook", section: "webhooks",
      [
        "webhook": WebhookView.details(status, now: visit.now), "may_send": maySend(visit),
        "may_delete": mayDelete(visit), "may_act": maySend(visit) || mayDelete(visit),
      ])
  }

  // MARK: what was given up on

  private static let letterPage = 100

  private static func deadLetters(
    _ visit: PageVisit, _ webhooks: Webhooks
  ) async throws -> Response {
    let id = try visit.id()
    let fields = try visit.query()
    let limit = fields.string("limit") == nil ? letterPage : try fields.limit()
    let letters = try await webhooks.deadLetters(
      id, after: try fields.position("after") ?? 0, limit: limit)
    let path = AdminPage.root + WebhookView.path(id)
    let next = letters.count == limit ? letters.last?.position : nil
    let showsKey = visit.may("cardea:keys:read")
    return visit.show(
      "dead-letters", title: "Dead letters", section: "webhooks",
      [
        "path": path, "may_send": maySend(visit), "any": !letters.isEmpty,
        "letters": letters.map { WebhookView.letter($0, now: visit.now, showsKey: showsKey) },
        "next": next.map { "\(path)/dead-letters?after=\($0)" }.shown,
        "first": fields.string("after").map { _ in "\(path)/dead-letters" }.shown,
      ])
  }

  private static func replay(
    _ visit: PageVisit, _ form: PageForm, _ webhooks: Webhooks
  ) async throws -> Response {
    let id = try visit.id()
    var position: Int64?
    if let text = form.text("position") {
      guard let number = DecimalText.parse(text.utf8), number > 0 else {
        throw Problem.invalid("position", "must be at least 1")
      }
      position = Int64(number)
    }
    let count = try await webhooks.replay(id, position: position)
    let letters = "\(count) dead letter\(count == 1 ? " is" : "s are")"
    return visit.redirect(
      "\(WebhookView.path(id))/dead-letters",
      notice: count == 0 ? "There was nothing to deliver again." : "\(letters) delivered again.")
  }

  // MARK: forms

  private static func choices(_ chosen: [String]) -> [[String: Any]] {
    SignalFilter.names.map { ["name": $0, "chosen": chosen.contains($0)] }
  }

  private static func form(
    _ visit: PageVisit, title: String, _ values: [String: Any], _ problem: Problem?
  ) -> Response {
    var values = values
    values["heading"] = title
    values["errors"] = PageText.errors(problem)
    values["bad"] = PageText.bad(problem)
    return visit.show(
      "webhook-form", title: problem == nil ? title : "Error: \(title)", section: "webhooks",
      values, status: problem.map { .init(code: $0.status) } ?? .ok)
  }

  private static func newForm(
    _ visit: PageVisit, _ form: PageForm, _ problem: Problem? = nil
  ) -> Response {
    self.form(
      visit, title: "New webhook",
      [
        "is_new": true, "action": "/admin/webhooks/new", "back": "/admin/webhooks",
        "once": visit.newForm(), "url": form["url"], "description": form["description"],
        "choices": choices(form.all("signals")), "revision": false,
      ], problem)
  }

  private static func create(
    _ visit: PageVisit, _ form: PageForm, _ webhooks: Webhooks
  ) async throws -> Response {
    // The answer shows a secret.
    try visit.take(form)
    do {
      var new = NewWebhook(url: form.text("url") ?? "")
      new.description = form.text("description") ?? ""
      new.signals = form.all("signals")
      let issued = try await webhooks.create(new, by: visit.actor)
      return secret(visit, issued, heading: "The webhook is made")
    } catch {
      return newForm(visit, form, try KeyPages.correctable(error))
    }
  }

  /// The one page that shows a signing secret. It is the answer to a form that can't be sent again.
  static func secret(_ visit: PageVisit, _ issued: IssuedWebhook, heading: String) -> Response {
    visit.show(
      "webhook-secret", title: heading, section: "webhooks",
      [
        "heading": heading, "secret": issued.secret.reveal(),
        "webhook": WebhookView.details(issued.status, now: visit.now),
      ])
  }

  private static func editForm(
    _ visit: PageVisit, _ endpoint: WebhookEndpoint, _ form: PageForm?, _ problem: Problem? = nil
  ) -> Response {
    let path = AdminPage.root + WebhookView.path(endpoint.id)
    return self.form(
      visit, title: "Edit webhook",
      [
        "is_new": false, "action": "\(path)/edit", "back": path, "once": false,
        "revision": form?["revision"] ?? "\(endpoint.revision)",
        "url": form?["url"] ?? endpoint.url,
        "description": form?["description"] ?? endpoint.description,
        "choices": choices(form?.all("signals") ?? endpoint.signals),
      ], problem)
  }

  private static func edit(
    _ visit: PageVisit, _ form: PageForm, _ webhooks: Webhooks
  ) async throws -> Response {
    let endpoint = try await webhooks.show(try visit.id()).endpoint
    do {
      // What somebody else wrote meanwhile is not written over unseen.
      guard form["revision"] == "\(endpoint.revision)" else { throw LifecycleError.conflict }
      var edit = WebhookEdit()
      edit.url = form.text("url") ?? ""
      edit.description = form.text("description") ?? ""
      edit.signals = form.all("signals")
      _ = try await webhooks.update(endpoint.id, edit, by: visit.actor)
      return visit.redirect(WebhookView.path(endpoint.id), notice: "The webhook was changed.")
    } catch {
      return editForm(visit, endpoint, form, try KeyPages.correctable(error))
    }
  }
}
