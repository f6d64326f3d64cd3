import CardeaHTTPTypes
import CardeaKernel
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One request of somebody who is signed in.
struct PageVisit: Sendable {
  let page: AdminPage
  let exchange: Exchange
  /// The key, as it stands now.
  let identity: Identity
  let session: PageSession
  /// What the cookie holds. Never shown.
  let secret: String
  /// What there is to say of the change before.
  let notice: PageNotice?

  /// A key with any of these may sign in; what it then sees depends on which.
  static let entry = Requirement(anyScopes: [
    "cardea:keys:read", "cardea:keys:write", "cardea:audit:read", "cardea:signals:read",
    "cardea:webhooks:read", "cardea:webhooks:write",
  ])

  /// Nobody is signed in, or nobody is any more.
  struct SignedOut: Error {}

  /// The key lacks scopes.
  struct Refused: Error {
    let visit: PageVisit
    let scopes: [String]
  }

  var kernel: AuthKernel { exchange.kernel }
  var now: Timestamp { exchange.now }
  var actor: Actor { Actor(identity) }

  var request: HTTPTypesRequest {
    HTTPTypesRequest(
      exchange.request.head, clientAddress: exchange.client.text, requestID: exchange.requestID)
  }

  func may(_ scope: String) -> Bool { identity.scopes.grants(scope) }

  /// The id in the path.
  func id() throws(Problem) -> UUID { try exchange.id() }

  /// The items of the query as a form writes it: one without a value was not filled in.
  func query(takesMetadata: Bool = false) throws(Problem) -> QueryFields {
    try QueryFields(
      form: exchange.target.query, known: exchange.takes.query, takesMetadata: takesMetadata)
  }

  /// What the layout shows of who is signed in.
  var frame: [String: Any] {
    [
      "prefix": identity.prefix, "name": identity.name, "form_token": session.formToken,
      "key_path": (may("cardea:keys:read") ? "/admin/keys/\(identity.keyID.text)" : nil).shown,
      "may_read": may("cardea:keys:read"), "may_audit": may("cardea:audit:read"),
      "may_follow": may(SignalTransmission.scope),
      "may_see_webhooks": page.webhooks != nil && may(WebhookRoutes.read),
      "notice": notice.map { ["text": $0.text, "bad": $0.isBad] as [String: Any] }.shown,
    ]
  }

  /// - Parameter section: which part of the page it belongs to.
  func show(
    _ template: String, title: String, section: String, _ values: [String: Any],
    status: HTTPResponse.Status = .ok
  ) -> Response {
    var values = values
    values["in_\(section)"] = true
    values["form_token"] = session.formToken
    values["may_write"] = may("cardea:keys:write")
    return page.show(template, values, title: title, visit: self, status: status)
  }

  /// On to another page, which says what was done. A reload of it does nothing again (RFC 9110, section 15.4.4).
  func redirect(_ path: String, notice: String, isBad: Bool = false) -> Response {
    page.sessions.change(secret) { $0.notice = PageNotice(text: notice, isBad: isBad) }
    return Response(status: .seeOther, headers: [.location: AdminPage.root + path])
  }

  /// What allows a form to be sent once.
  func newForm() -> String { page.sessions.newForm(secret) }

  /// Throws if the form was sent before.
  func take(_ form: PageForm) throws(PageFault) {
    guard page.sessions.take(form["once"], secret) else { throw .sentBefore }
  }
}
