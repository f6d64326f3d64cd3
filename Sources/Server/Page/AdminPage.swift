import CardeaHTTPTypes
import CardeaKernel
import CardeaWebhooks
import HTTPTypes
import Hummingbird

/// The page for people below `/admin/`: written by the server, for browsers with or without JavaScript.
///
/// It does nothing of its own: a form becomes the request that the interface for programs takes, and the signed-in
/// key is the actor. Who is signed in is told by a cookie; see ``PageSessions``.
struct AdminPage: Sendable {
  let sessions: PageSessions
  let templates: PageTemplates
  let files: PageFiles
  let webhooks: Webhooks?
  let plugins: PluginParts
  /// `page.hosts`, in lower case.
  private let hosts: Set<String>

  static let root = "/admin"

  /// - Throws: if a template can't be read, which a test rules out.
  init(
    _ kernel: AuthKernel, _ configuration: ServerConfiguration, webhooks: Webhooks?
  ) throws {
    self.webhooks = webhooks
    plugins = PluginParts(kernel.pages)
    templates = try PageTemplates()
    files = PageFiles(kernel.primitives)
    hosts = Set(configuration.pageHosts.map { $0.lowercased() })
    sessions = PageSessions(
      idle: configuration.pageSessionTTL, maxAge: configuration.pageSessionMaxAge,
      primitives: kernel.primitives, clock: kernel.clock)
  }

  func add(
    to table: inout RouteTable, addresses: AddressWatch, feed: SignalFeed, history: TrafficHistory?
  ) {
    files.add(to: &table)
    table.get(AdminPage.root) { _ in
      Response(status: .permanentRedirect, headers: [.location: AdminPage.root + "/"])
    }
    var routes = PageRoutes(page: self, table: table)
    SignInPage.add(to: &routes)
    OverviewPage.add(to: &routes, addresses: addresses)
    HealthPage.add(to: &routes, history)
    KeyPages.add(to: &routes)
    KeyChangePages.add(to: &routes)
    BulkPage.add(to: &routes)
    OwnerPages.add(to: &routes)
    AuditPages.add(to: &routes)
    SignalPages.add(to: &routes, feed)
    if let webhooks {
      WebhookPages.add(to: &routes, webhooks)
      WebhookChangePages.add(to: &routes, webhooks)
    }
    table = routes.table
  }

  /// The answer to what no route takes; `nil` where it is not the page's to give.
  func refusal(_ problem: Problem, _ exchange: Exchange) -> Response? {
    guard exchange.target.path.utf8.starts(with: "\(AdminPage.root)/".utf8) else { return nil }
    var response = show(Refusal(problem))
    AdminPage.seal(&response)
    return response
  }

  /// A name that somebody else's DNS may point here is none of ours: an address or `localhost` can't be pointed.
  func checkHost(_ request: Request) throws(PageFault) {
    guard let authority = request.head.authority else { throw .otherHost }
    let host = AdminPage.host(of: authority).lowercased()
    let bare =
      host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    guard host == "localhost" || IPAddress(bare) != nil || hosts.contains(host) else {
      throw .otherHost
    }
  }

  /// Without the port.
  private static func host(of authority: String) -> String {
    let end = authority.hasPrefix("[") ? authority.firstIndex(of: "]") : nil
    let rest = end.map { authority[$0...] } ?? authority[...]
    return rest.firstIndex(of: ":").map { String(authority[..<$0]) } ?? authority
  }

  /// A form comes from this page itself. Browsers say so in `Sec-Fetch-Site` (Fetch Metadata); those that do not
  /// know it yet say it in `Origin`. What says neither is no browser.
  func checkOrigin(_ request: Request) throws(PageFault) {
    switch request.headers.value(of: "sec-fetch-site") {
    case .one("same-origin"): return
    case .absent: break
    default: throw .otherOrigin
    }
    guard case .one(let origin) = request.headers.value(of: "origin"),
      let authority = request.head.authority,
      origin == "https://\(authority)" || origin == "http://\(authority)"
    else { throw .otherOrigin }
  }

  /// A page. Whoever shows one that has a session gives the visit.
  func show(
    _ template: String, _ values: [String: Any], title: String, visit: PageVisit? = nil,
    status: HTTPResponse.Status = .ok
  ) -> Response {
    var all = values
    all["title"] = title
    all["style"] = files.style.path
    all["script"] = files.script.path
    all["icon"] = files.icon.path
    all["visitor"] = visit.map { $0.frame }.shown
    var response = Response(
      status: status, headers: [.contentType: "text/html; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: templates.render(template, all))))
    response.headers[.contentSecurityPolicy] = AdminPage.policy
    return response
  }

  /// What went wrong, as a page.
  func show(_ fault: PageFault, visit: PageVisit? = nil) -> Response {
    show(
      "fault", ["heading": fault.title, "detail": fault.detail], title: fault.title, visit: visit,
      status: fault.status)
  }

  /// The same for what the interface for programs answers with a problem.
  func show(_ refusal: Refusal, visit: PageVisit? = nil) -> Response {
    let problem = refusal.problem
    let text = PageText.problem(problem)
    var response = show(
      "fault", ["heading": text.title, "detail": text.detail], title: text.title, visit: visit,
      status: HTTPResponse.Status(code: problem.status))
    response.headers[.retryAfter] = refusal.head.headerFields[.retryAfter]
    return response
  }

  /// Nothing but our own files, no frame around it, forms to ourselves only (CSP level 3).
  private static let policy = """
    default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'
    """

  /// What every answer of the page carries besides.
  static func seal(_ response: inout Response) {
    response.headers[.xFrameOptions] = "DENY"
    response.headers[.referrerPolicy] = "no-referrer"
    response.headers[.crossOriginOpenerPolicy] = "same-origin"
    response.headers[.crossOriginResourcePolicy] = "same-origin"
  }
}

extension HTTPField.Name {
  static let xFrameOptions = Self(known: "X-Frame-Options")
  static let referrerPolicy = Self(known: "Referrer-Policy")
  static let crossOriginOpenerPolicy = Self(known: "Cross-Origin-Opener-Policy")
  static let crossOriginResourcePolicy = Self(known: "Cross-Origin-Resource-Policy")
}
