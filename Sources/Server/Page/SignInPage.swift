import CardeaContracts
import CardeaHTTPTypes
import HTTPTypes
import Hummingbird

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `sign-in` and `sign-out` of a page. The token is in the form's body and goes through the kernel like one in a
/// header: recorded, limited, published.
struct SignInPage: Sendable {
  let template: String
  /// What a key must grant to sign in.
  let entry: Requirement
  /// Whether a key that does may sign in.
  var admits: @Sendable (Identity) -> Bool = { _ in true }
  /// What a key in force that may not is told.
  let lacking: String

  func add(to routes: inout PageRoutes) {
    let site = routes.site
    routes.open("/sign-in", query: ["ended", "in", "out"]) { exchange in
      let query = try QueryFields(
        form: exchange.target.query, known: exchange.takes.query, takesMetadata: false)
      if query.string("in") != nil { return arrive(exchange, site) }
      return form(
        site, ended: query.string("ended") != nil, out: query.string("out") != nil)
    }
    routes.openPost("/sign-in") { exchange, form in try await signIn(exchange, form, site) }
    routes.post("/sign-out") { visit, _ in await SignInPage.signOut(visit) }
  }

  /// On to the first page, if the browser has kept the session that it was given: it keeps none that came without TLS
  /// from another machine, nor one within a page of another site whose cookies it keeps from that.
  private func arrive(_ exchange: Exchange, _ site: PageSite) -> Response {
    if let secret = site.cookie.value(of: exchange.request), site.sessions.look(secret) != nil {
      return Response(status: .seeOther, headers: [.location: "\(site.root)/"])
    }
    return form(
      site,
      error: "Your browser did not keep the session. It needs https, or localhost, and cookies.")
  }

  private func form(
    _ site: PageSite, ended: Bool = false, out: Bool = false, error: String? = nil,
    status: HTTPResponse.Status = .ok
  ) -> Response {
    site.show(
      template, ["ended": ended, "out": out, "error": error.shown],
      title: error == nil ? "Sign in" : "Error: Sign in", status: status)
  }

  private func signIn(
    _ exchange: Exchange, _ form: PageForm, _ site: PageSite
  ) async throws -> Response {
    let token = Secret((form.text("token") ?? "").utf8)
    let verdict = await exchange.kernel.verify(
      token: token, facts: exchange.facts, requiring: entry)
    switch verdict {
    case .allow(let identity) where identity.session != nil:
      return refused(site, "Sign in with a key itself, not with a session of it.")
    case .allow(let identity) where !admits(identity):
      return refused(site, lacking, .forbidden)
    case .allow(let identity):
      return SignInPage.letIn(.key(identity), exchange, site).response
    case .deny(let denial): return refused(site, denial)
    }
  }

  /// A new session in place of the one that the browser had, and on to where it is looked whether that was kept.
  static func letIn(
    _ holder: PageHolder, _ exchange: Exchange, _ site: PageSite
  ) -> (response: Response, session: UUID) {
    if let old = site.cookie.value(of: exchange.request) { site.sessions.end(old) }
    var response = Response(
      status: .seeOther, headers: [.location: "\(site.root)/sign-in?in=1"])
    let (id, secret) = site.sessions.begin(holder)
    site.cookie.set(secret, on: &response)
    return (response, id)
  }

  private func refused(_ site: PageSite, _ denial: Denial) -> Response {
    // Strangers are told the same whatever was wrong with the token.
    var response =
      switch denial.category {
      case .unauthenticated: refused(site, "This token is not valid.")
      case .forbidden:
        refused(
          site,
          denial.reason == .policyDenied
            ? "A policy of this server refuses the key here." : lacking, .forbidden)
      case .limited:
        refused(
          site, "There were too many attempts. Wait a minute and try again.", .tooManyRequests)
      case .unavailable:
        refused(site, "The server can't look at keys right now. Try again.", .serviceUnavailable)
      }
    if denial.status == 429 || denial.status == 503, let after = denial.retryAfter {
      response.headers[.retryAfter] = "\(max(1, after.components.seconds))"
    }
    return response
  }

  private func refused(
    _ site: PageSite, _ error: String, _ status: HTTPResponse.Status = .unauthorized
  ) -> Response {
    var response = form(site, error: error, status: status)
    if status == .unauthorized { response.headers[.wwwAuthenticate] = Refusal.challenge }
    return response
  }

  private static func signOut(_ visit: PageVisit) async -> Response {
    let site = visit.site
    if let session = site.sessions.end(visit.secret) {
      let holder = visit.holder
      await visit.kernel.recordLogOut(
        of: session.id, keyID: holder.keyID, prefix: holder.identity?.prefix,
        owner: holder.owner?.name, request: visit.exchange.facts)
    }
    var response = Response(
      status: .seeOther, headers: [.location: "\(site.root)/sign-in?out=1"])
    site.cookie.remove(from: &response)
    return response
  }
}

extension Exchange {
  /// What policies, signals and the audit may see of the request.
  var facts: RequestFacts {
    RequestFacts(
      HTTPTypesRequest(request.head, clientAddress: client.text, requestID: requestID))
  }
}
