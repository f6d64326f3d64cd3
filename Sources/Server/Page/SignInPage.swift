import CardeaHTTPTypes
import CardeaKernel
import HTTPTypes
import Hummingbird

/// `/admin/sign-in` and `/admin/sign-out`. The token is in the form's body and goes through the kernel like one in a
/// header: recorded, limited, published.
enum SignInPage {
  static func add(to routes: inout PageRoutes) {
    let page = routes.page
    routes.open("/sign-in", query: ["ended", "out"]) { exchange in
      let query = try QueryFields(
        form: exchange.target.query, known: exchange.takes.query, takesMetadata: false)
      return form(
        page, ended: query.string("ended") != nil, out: query.string("out") != nil)
    }
    routes.openPost("/sign-in") { exchange, form in try await signIn(exchange, form, page) }
    routes.post("/sign-out") { visit, _ in await signOut(visit) }
  }

  private static func form(
    _ page: AdminPage, ended: Bool = false, out: Bool = false, error: String? = nil,
    status: HTTPResponse.Status = .ok
  ) -> Response {
    page.show(
      "sign-in", ["ended": ended, "out": out, "error": error.shown],
      title: error == nil ? "Sign in" : "Error: Sign in", status: status)
  }

  private static func signIn(
    _ exchange: Exchange, _ form: PageForm, _ page: AdminPage
  ) async throws -> Response {
    let facts = RequestFacts(
      HTTPTypesRequest(
        exchange.request.head, clientAddress: exchange.client.text,
        requestID: exchange.requestID))
    let token = Secret((form.text("token") ?? "").utf8)
    let verdict = await exchange.kernel.verify(
      token: token, facts: facts, requiring: PageVisit.entry)
    switch verdict {
    case .allow(let identity) where identity.session == nil:
      if let old = PageCookie.value(of: exchange.request) { page.sessions.end(old) }
      var response = Response(
        status: .seeOther, headers: [.location: AdminPage.root + "/"])
      PageCookie.set(page.sessions.open(identity), on: &response)
      return response
    case .allow: return refused(page, "Sign in with a key itself, not with a session of it.")
    case .deny(let denial): return refused(page, denial)
    }
  }

  private static func refused(_ page: AdminPage, _ denial: Denial) -> Response {
    // Strangers are told the same whatever was wrong with the token.
    var response =
      switch denial.category {
      case .unauthenticated: refused(page, "This token is not valid.")
      case .forbidden:
        refused(
          page,
          denial.reason == .policyDenied
            ? "A policy of this server refuses the key here."
            : "This key grants nothing here: it needs cardea:admin, or one of "
              + PageVisit.entry.anyScopes.joined(separator: ", ") + ".", .forbidden)
      case .limited:
        refused(
          page, "There were too many attempts. Wait a minute and try again.", .tooManyRequests)
      case .unavailable:
        refused(page, "The server can't look at keys right now. Try again.", .serviceUnavailable)
      }
    if denial.status == 429 || denial.status == 503, let after = denial.retryAfter {
      response.headers[.retryAfter] = "\(max(1, after.components.seconds))"
    }
    return response
  }

  private static func refused(
    _ page: AdminPage, _ error: String, _ status: HTTPResponse.Status = .unauthorized
  ) -> Response {
    var response = form(page, error: error, status: status)
    if status == .unauthorized { response.headers[.wwwAuthenticate] = Refusal.challenge }
    return response
  }

  private static func signOut(_ visit: PageVisit) async -> Response {
    if let session = visit.page.sessions.end(visit.secret) {
      await visit.kernel.recordLogOut(
        of: visit.identity, session: session.id, request: RequestFacts(visit.request))
    }
    var response = Response(
      status: .seeOther, headers: [.location: AdminPage.root + "/sign-in?out=1"])
    PageCookie.remove(from: &response)
    return response
  }
}
