import CardeaHTTPTypes
import CardeaKernel
import HTTPTypes
import Hummingbird

/// Adds routes whose answers are pages, also when something goes wrong.
struct PageRoutes {
  let page: AdminPage
  var table: RouteTable

  /// A page to look at.
  /// - Parameters:
  ///   - query: the names of the query items that it takes.
  ///   - scope: what the signed-in key must grant.
  mutating func get(
    _ path: String, query: Set<String> = [], scope: String? = nil,
    _ answer: @escaping @Sendable (PageVisit) async throws -> Response
  ) {
    get(path, query: query, scopes: scope.map { [$0] } ?? [], answer)
  }

  /// - Parameter scopes: what the signed-in key must grant, all of it.
  mutating func get(
    _ path: String, query: Set<String> = [], scopes: [String],
    _ answer: @escaping @Sendable (PageVisit) async throws -> Response
  ) {
    let page = page
    table.get(AdminPage.root + path, query: query) { exchange in
      try await page.answer(exchange) { visit in
        let opened = try await page.visit(exchange, scopes: scopes)
        visit = opened
        return try await answer(opened)
      }
    }
  }

  /// What a page asks for by itself: it is no use of the session, and takes no notice from the page to come.
  mutating func follow(
    _ path: String, query: Set<String>, scope: String,
    _ answer: @escaping @Sendable (PageVisit) async throws -> Response
  ) {
    let page = page
    table.get(AdminPage.root + path, query: query) { exchange in
      try await page.answer(exchange) { visit in
        let opened = try await page.visit(exchange, scopes: [scope], isUse: false)
        visit = opened
        return try await answer(opened)
      }
    }
  }

  /// A form that was sent.
  mutating func post(
    _ path: String, scope: String? = nil,
    _ answer: @escaping @Sendable (PageVisit, PageForm) async throws -> Response
  ) {
    post(path, scopes: scope.map { [$0] } ?? [], answer)
  }

  /// - Parameter scopes: what the signed-in key must grant, all of it.
  mutating func post(
    _ path: String, scopes: [String],
    _ answer: @escaping @Sendable (PageVisit, PageForm) async throws -> Response
  ) {
    let page = page
    table.post(AdminPage.root + path, body: nil) { exchange in
      // The body first: nothing is waited for between the verdict on the key and what it allows.
      try await page.answer(exchange) { visit in
        let form = try await page.form(exchange)
        let opened = try await page.visit(exchange, scopes: scopes, form: form)
        visit = opened
        return try await answer(opened, form)
      }
    }
  }

  /// A page for those who are not signed in.
  mutating func open(
    _ path: String, query: Set<String> = [],
    _ answer: @escaping @Sendable (Exchange) async throws -> Response
  ) {
    let page = page
    table.get(AdminPage.root + path, query: query) { exchange in
      try await page.answer(exchange) { _ in
        try page.checkHost(exchange.request)
        return try await answer(exchange)
      }
    }
  }

  /// A form of those who are not signed in.
  mutating func openPost(
    _ path: String, _ answer: @escaping @Sendable (Exchange, PageForm) async throws -> Response
  ) {
    let page = page
    table.post(AdminPage.root + path, body: nil) { exchange in
      try await page.answer(exchange) { _ in
        try await answer(exchange, try await page.form(exchange))
      }
    }
  }
}

extension AdminPage {
  /// Answers with a page whatever happens.
  /// - Parameter work: makes it, and says who is signed in as soon as that is known.
  fileprivate func answer(
    _ exchange: Exchange, _ work: (inout PageVisit?) async throws -> Response
  ) async throws -> Response {
    var visit: PageVisit?
    var response: Response
    do { response = try await work(&visit) } catch let error as BrokenBody {
      throw error
    } catch {
      response = self.response(to: error, exchange, visit)
    }
    AdminPage.seal(&response)
    return response
  }

  private func response(
    to error: any Error, _ exchange: Exchange, _ visit: PageVisit?
  ) -> Response {
    switch error {
    case let fault as PageFault: return show(fault, visit: visit)
    case let refused as PageVisit.Refused:
      return show(
        PageFault(
          status: .forbidden, title: "Not with this key",
          detail: "The key that you signed in with does not grant "
            + "\(refused.scopes.joined(separator: " and "))."),
        visit: refused.visit)
    case is PageVisit.SignedOut:
      let ended = PageCookie.value(of: exchange.request) == nil ? "" : "?ended=1"
      var response = Response(
        status: .seeOther, headers: [.location: "\(AdminPage.root)/sign-in\(ended)"])
      PageCookie.remove(from: &response)
      return response
    default:
      // Broken bodies, which alone have no refusal, do not come here.
      let refusal =
        Refusal(thrown: error, in: exchange) ?? Refusal(Problem(status: 500, code: "failed"))
      return show(refusal, visit: visit)
    }
  }

  /// The form in the body, if it comes from this page.
  fileprivate func form(_ exchange: Exchange) async throws -> PageForm {
    try checkHost(exchange.request)
    try checkOrigin(exchange.request)
    return try PageForm(
      exchange.request.headers.value(of: "content-type"), try await exchange.bytes())
  }

  /// Who is signed in, with a key that is in force now and grants `scopes`.
  fileprivate func visit(
    _ exchange: Exchange, scopes: [String], form: PageForm? = nil, isUse: Bool = true
  ) async throws -> PageVisit {
    try checkHost(exchange.request)
    guard let secret = PageCookie.value(of: exchange.request),
      let session = isUse ? sessions.use(secret) : sessions.look(secret)
    else { throw PageVisit.SignedOut() }
    let identity: Identity
    switch await exchange.kernel.recheck(session.identity, requiring: PageVisit.entry) {
    case .allow(let current): identity = current
    case .deny(let denial):
      guard denial.category != .unavailable else { throw denial }
      sessions.end(secret)
      throw PageVisit.SignedOut()
    }
    let notice: PageNotice? =
      sessions.change(secret) { session in
        session.identity = identity
        guard form == nil, isUse else { return nil }
        defer { session.notice = nil }
        return session.notice
      } ?? nil
    let visit = PageVisit(
      page: self, exchange: exchange, identity: identity, session: session, secret: secret,
      notice: notice)
    if let form {
      let isOurs = exchange.kernel.primitives.equal(
        Array(form["form_token"].utf8), Array(session.formToken.utf8))
      guard isOurs else { throw PageFault.oldForm }
    }
    let missing = scopes.filter { !identity.scopes.grants($0) }
    if !missing.isEmpty {
      // So that the log says it as it does for a request of a program.
      _ = await exchange.kernel.refuse(
        identity, request: visit.request, lacking: Requirement(scopes: scopes))
      throw PageVisit.Refused(visit: visit, scopes: missing)
    }
    return visit
  }
}
