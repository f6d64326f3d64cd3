import CardeaHTTPTypes
import CardeaLifecycle
import HTTPTypes
import Hummingbird

/// Adds routes whose answers are pages, also when something goes wrong.
struct PageRoutes {
  let site: PageSite
  var table: RouteTable

  /// What every page has: its files, and a way on from its name without a slash.
  mutating func addFrame() {
    let root = site.root
    site.files.add(to: &table)
    table.get(root) { _ in
      Response(status: .permanentRedirect, headers: [.location: "\(root)/"])
    }
  }

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
    let site = site
    table.get(site.root + path, query: query) { exchange in
      try await site.answer(exchange) { visit in
        let opened = try await site.visit(exchange, scopes: scopes)
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
    let site = site
    table.get(site.root + path, query: query) { exchange in
      try await site.answer(exchange) { visit in
        let opened = try await site.visit(exchange, scopes: [scope], isUse: false)
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
    let site = site
    table.post(site.root + path, body: nil) { exchange in
      // The body first: nothing is waited for between the verdict on the key and what it allows.
      try await site.answer(exchange) { visit in
        let form = try await site.form(exchange)
        let opened = try await site.visit(exchange, scopes: scopes, form: form)
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
    let site = site
    table.get(site.root + path, query: query) { exchange in
      try await site.answer(exchange) { _ in
        try site.checkHost(exchange.request)
        return try await answer(exchange)
      }
    }
  }

  /// A form of those who are not signed in.
  mutating func openPost(
    _ path: String, _ answer: @escaping @Sendable (Exchange, PageForm) async throws -> Response
  ) {
    let site = site
    table.post(site.root + path, body: nil) { exchange in
      try await site.answer(exchange) { _ in
        try await answer(exchange, try await site.form(exchange))
      }
    }
  }
}

extension PageSite {
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
    seal(&response)
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
      let ended = cookie.value(of: exchange.request) == nil ? "" : "?ended=1"
      var response = Response(
        status: .seeOther, headers: [.location: "\(root)/sign-in\(ended)"])
      cookie.remove(from: &response)
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

  /// Who is signed in, is let on now, and may do all that `scopes` name.
  fileprivate func visit(
    _ exchange: Exchange, scopes: [String], form: PageForm? = nil, isUse: Bool = true
  ) async throws -> PageVisit {
    try checkHost(exchange.request)
    guard let secret = cookie.value(of: exchange.request),
      let session = isUse ? sessions.use(secret) : sessions.look(secret)
    else { throw PageVisit.SignedOut() }
    guard let holder = try await current(session.holder) else {
      sessions.end(secret)
      throw PageVisit.SignedOut()
    }
    let notice: PageNotice? =
      sessions.change(secret) { session in
        session.holder = holder
        guard form == nil, isUse else { return nil }
        defer { session.notice = nil }
        return session.notice
      } ?? nil
    var visit = PageVisit(
      site: self, exchange: exchange, holder: holder, session: session, secret: secret,
      notice: notice)
    if let form {
      let isOurs = exchange.kernel.primitives.equal(
        Array(form["form_token"].utf8), Array(session.formToken.utf8))
      guard isOurs else { throw PageFault.oldForm }
    }
    let missing = scopes.filter { !visit.may($0) }
    if !missing.isEmpty {
      // So that the log says it as it does for a request of a program.
      if let identity = holder.identity {
        _ = await exchange.kernel.refuse(
          identity, request: visit.request, lacking: Requirement(scopes: scopes))
      }
      throw PageVisit.Refused(visit: visit, scopes: missing)
    }
    if form == nil, isUse { visit.receipt = await visit.currentReceipt() }
    return visit
  }
}
