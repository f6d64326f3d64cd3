import CardeaHTTPTypes
import CardeaLifecycle
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// One request of somebody who is signed in.
struct PageVisit: Sendable {
  let site: PageSite
  let exchange: Exchange
  /// Whoever is signed in, as they stand now.
  let holder: PageHolder
  let session: PageSession
  /// What the cookie holds. Never shown.
  let secret: String
  /// What there is to say of the change before.
  let notice: PageNotice?
  /// Of the change before, as it is now, where there are several nodes to obey it.
  var receipt: Receipt?

  /// Nobody is signed in, or nobody is any more.
  struct SignedOut: Error {}

  /// The key lacks scopes.
  struct Refused: Error {
    let visit: PageVisit
    let scopes: [String]
  }

  var kernel: AuthKernel { exchange.kernel }
  var now: Timestamp { exchange.now }
  /// On an owner's own page there are the owner's keys and no others.
  var actor: Actor {
    guard site.root == PortalPage.root, let owner = holder.ownerID else { return holder.actor }
    return holder.actor.confined(to: owner)
  }

  var request: HTTPTypesRequest {
    HTTPTypesRequest(
      exchange.request.head, clientAddress: exchange.client.text, requestID: exchange.requestID)
  }

  func may(_ scope: String) -> Bool { holder.scopes.grants(scope) }

  /// The id in the path.
  func id() throws(Problem) -> UUID { try exchange.id() }

  /// The key of that id, if it is there for whoever is signed in.
  func key() async throws -> StoredKey { try await kernel.key(try id(), for: actor) }

  /// The items of the query as a form writes it: one without a value was not filled in.
  func query(
    takesMetadata: Bool = false, lists: Set<String> = []
  ) throws(Problem) -> QueryFields {
    try QueryFields(
      form: exchange.target.query, known: exchange.takes.query, takesMetadata: takesMetadata,
      lists: lists)
  }

  /// What the layout shows of who is signed in.
  var frame: [String: Any] {
    let isAdmin = site.root == AdminPage.root
    let path = holder.keyID.map { "\(site.root)\(site.keysPath)/\($0.text)" }
    return [
      "label": holder.label, "form_token": session.formToken,
      "key_path": (isAdmin && !may("cardea:keys:read") ? nil : path).shown,
      "is_admin": isAdmin, "may_read": may("cardea:keys:read"),
      "may_audit": may("cardea:audit:read"), "may_follow": may(SignalTransmission.scope),
      "may_see_webhooks": site.hasWebhooks && may(WebhookRoutes.read),
      "notice": notice.map { ["text": $0.text, "bad": $0.isBad] as [String: Any] }.shown,
      "receipt": receipt.map { ReceiptView($0, isSettled: kernel.isSettled($0)).values }.shown,
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
    return site.show(template, values, title: title, visit: self, status: status)
  }

  /// On to another page, which says what was done. A reload of it does nothing again (RFC 9110, section 15.4.4).
  func redirect(
    _ path: String, notice: String, isBad: Bool = false, receipt: Receipt? = nil
  ) -> Response {
    site.sessions.change(secret) { $0.notice = PageNotice(text: notice, isBad: isBad) }
    keep(receipt)
    return Response(status: .seeOther, headers: [.location: site.root + path])
  }

  /// On to the page of a key.
  func redirect(to stored: StoredKey, notice: String, receipt: Receipt) -> Response {
    redirect("\(site.keysPath)/\(stored.key.id.text)", notice: notice, receipt: receipt)
  }

  /// Keeps a receipt for the pages to come. Owners are told nothing of nodes.
  func keep(_ receipt: Receipt?) {
    guard let receipt, kernel.namesNodes, site.root == AdminPage.root else { return }
    site.sessions.change(secret) { $0.receipt = receipt }
  }

  /// The kept receipt as it is now. Once every node obeys it is kept no longer.
  func currentReceipt() async -> Receipt? {
    guard let kept = session.receipt else { return nil }
    let receipt = await kernel.renewed(kept)
    let isSettled = kernel.isSettled(receipt)
    site.sessions.change(secret) { session in
      // A change since then has one of its own.
      guard session.receipt?.position == kept.position else { return }
      session.receipt = isSettled ? nil : receipt
    }
    return receipt
  }

  /// What allows a form to be sent once.
  func newForm() -> String { site.sessions.newForm(secret) }

  /// Does what a form asks for, once, however often it is sent. What failed may be sent again: it is then done
  /// unless it was.
  /// - Parameter work: tells the store of the claim, or does by itself what can't be done twice.
  func once<Result>(
    _ form: PageForm, _ work: (IdempotencyClaim) async throws -> Result
  ) async throws -> Result {
    try take(form)
    do {
      // A form that was filled in anew is the same one.
      return try await work(IdempotencyClaim(key: "page.\(form["once"])", bodyDigest: []))
    } catch LifecycleError.alreadyDone {
      throw PageFault.sentBefore
    } catch {
      site.sessions.giveBack(form["once"], secret)
      throw error
    }
  }

  /// Throws if the form was sent before.
  func take(_ form: PageForm) throws(PageFault) {
    guard site.sessions.take(form["once"], secret) else { throw .sentBefore }
  }
}
