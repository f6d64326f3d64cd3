import CardeaContracts
import CardeaHTTPTypes
import CardeaWebhooks
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What can be done to one endpoint of webhooks: enable and disable it, give it a new secret, try it out, delete it.
enum WebhookChangePages {
  static func add(to routes: inout PageRoutes, _ webhooks: Webhooks) {
    let (send, write) = (WebhookRoutes.send, WebhookRoutes.write)
    for enables in [true, false] {
      let path = "/webhooks/{id}/\(enables ? "enable" : "disable")"
      routes.get(path, scopes: send) { visit in
        let status = try await webhooks.show(try visit.id())
        return confirm(visit, enables ? enabling : disabling, status.endpoint.id, status)
      }
      routes.post(path, scopes: send) { visit, _ in
        var edit = WebhookEdit()
        edit.isEnabled = enables
        let id = try visit.id()
        _ = try await webhooks.update(id, edit, by: visit.actor)
        return visit.redirect(
          WebhookView.path(id), notice: "The webhook is \(enables ? "enabled" : "disabled").")
      }
    }
    routes.get("/webhooks/{id}/delete", scopes: write) { visit in
      let id = try visit.id()
      // One whose record can't be read can be deleted too.
      if try await webhooks.unreadable().contains(id) { return confirm(visit, deletion, id, nil) }
      return confirm(visit, deletion, id, try await webhooks.show(id))
    }
    routes.post("/webhooks/{id}/delete", scopes: write) { visit, _ in
      try await webhooks.delete(try visit.id(), by: visit.actor)
      return visit.redirect(
        visit.may(WebhookRoutes.read) ? "/webhooks" : "/", notice: "The webhook is deleted.")
    }
    routes.get("/webhooks/{id}/rotate-secret", scopes: send) { visit in
      rotateForm(visit, try await webhooks.show(try visit.id()), .empty)
    }
    routes.post("/webhooks/{id}/rotate-secret", scopes: send) {
      try await rotate($0, $1, webhooks)
    }
    routes.post("/webhooks/{id}/test", scopes: send) { visit, _ in try await test(visit, webhooks) }
  }

  // MARK: after a page that says what will happen

  private struct Change: Sendable {
    let name: String
    let title: String
    /// What will happen.
    let effect: String
    var isFinal = false
  }

  private static let enabling = Change(
    name: "enable", title: "Enable",
    effect: "Signals are sent again, those first that came while it was disabled.")
  private static let disabling = Change(
    name: "disable", title: "Disable",
    effect:
      "Nothing is sent until somebody enables it again. What happens meanwhile waits for that.")
  private static let deletion = Change(
    name: "delete", title: "Delete",
    effect: """
      Nothing is sent any more. Its secret, its place in the log and its dead letters are gone and can't be \
      brought back.
      """, isFinal: true)

  private static func confirm(
    _ visit: PageVisit, _ change: Change, _ id: UUID, _ status: WebhookStatus?
  ) -> Response {
    let path = AdminPage.root + WebhookView.path(id)
    let unreadable: [String: Any] = [
      "url": id.text, "state": "unreadable", "badge": "revoked",
    ]
    return visit.show(
      "confirm", title: "\(change.title) this webhook?", section: "webhooks",
      [
        "heading": "\(change.title) this webhook?", "effect": change.effect,
        "button": change.title, "is_final": change.isFinal, "action": "\(path)/\(change.name)",
        "back": status == nil ? "/admin/webhooks" : path, "key": false, "owner_record": false,
        "webhook": status.map { WebhookView.row($0, now: visit.now) } ?? unreadable,
        "is_own": false,
      ])
  }

  // MARK: a new secret

  private static func rotateForm(
    _ visit: PageVisit, _ status: WebhookStatus, _ form: PageForm, _ problem: Problem? = nil
  ) -> Response {
    let title = "Rotate secret"
    return visit.show(
      "webhook-rotate", title: problem == nil ? title : "Error: \(title)", section: "webhooks",
      [
        "heading": title, "webhook": WebhookView.details(status, now: visit.now),
        "once": visit.newForm(), "overlap_text": form["overlap"],
        "errors": PageText.errors(problem), "bad": PageText.bad(problem),
      ], status: problem.map { .init(code: $0.status) } ?? .ok)
  }

  private static func rotate(
    _ visit: PageVisit, _ form: PageForm, _ webhooks: Webhooks
  ) async throws -> Response {
    try visit.take(form)
    let id = try visit.id()
    do {
      let overlap = try WebhookRoutes.overlap(try form.rotation())
      let issued = try await webhooks.rotateSecret(id, overlap: overlap, by: visit.actor)
      return WebhookPages.secret(visit, issued, heading: "The webhook has a new secret")
    } catch {
      let problem = try KeyPages.correctable(error)
      return rotateForm(visit, try await webhooks.show(id), form, problem)
    }
  }

  // MARK: a test

  private static func test(_ visit: PageVisit, _ webhooks: Webhooks) async throws -> Response {
    let id = try visit.id()
    let answer = try await WebhookRoutes.test(id, webhooks)
    return visit.redirect(
      WebhookView.path(id),
      notice: answer.isSuccess
        ? "The test was delivered: \(answer.reason)."
        : "The test was not delivered: \(answer.reason).", isBad: !answer.isSuccess)
  }
}
