import CardeaHTTPTypes
import CardeaKernel
import HTTPTypes
import Hummingbird

/// What a page for people is made of, whoever it is for: its place, its look, its sessions, and what guards it.
struct PageSite: Sendable {
  /// The path that everything of it is below.
  let root: String
  /// Below that, where the keys are.
  let keysPath: String
  /// The list of keys, below the root too.
  let listPath: String
  /// What it is called at its top and in titles.
  let brand: String
  let cookie: PageCookie
  let sessions: PageSessions
  let templates: PageTemplates
  let files: PageFiles
  /// What plugins add to it.
  let plugins: PluginParts
  /// Whether the server sends webhooks, which then have pages here.
  let hasWebhooks: Bool
  /// Whoever is signed in, as they stand now; `nil` if they are not let on any more.
  let current: @Sendable (PageHolder) async throws -> PageHolder?
  /// Origins whose pages may have it in a frame.
  private let ancestors: [String]
  /// `page.hosts`, in lower case.
  private let hosts: Set<String>
  private let firstHost: String?
  /// Whether the server itself speaks TLS, so that nobody finds the page without.
  private let speaksTLS: Bool

  init(
    root: String, keysPath: String, listPath: String, brand: String, cookie: PageCookie,
    colour: PageColour? = nil, ancestors: [String] = [], plugins: PluginParts = PluginParts([]),
    hasWebhooks: Bool = false, _ kernel: AuthKernel,
    _ configuration: ServerConfiguration, templates: PageTemplates,
    current: @escaping @Sendable (PageHolder) async throws -> PageHolder?
  ) {
    self.root = root
    self.keysPath = keysPath
    self.listPath = listPath
    self.brand = brand
    self.cookie = cookie
    self.templates = templates
    self.ancestors = ancestors
    self.plugins = plugins
    self.hasWebhooks = hasWebhooks
    self.current = current
    files = PageFiles(root: root, colour: colour, kernel.primitives)
    firstHost = configuration.pageHosts.first
    hosts = Set(configuration.pageHosts.map { $0.lowercased() })
    speaksTLS = configuration.tls != nil
    sessions = PageSessions(
      most: configuration.pageMaxSessions, countsOwners: root == PortalPage.root,
      idle: configuration.pageSessionTTL, maxAge: configuration.pageSessionMaxAge,
      primitives: kernel.primitives, clock: kernel.clock)
  }

  /// The page of a key.
  func path(of stored: StoredKey) -> String { "\(root)\(keysPath)/\(stored.key.id.text)" }

  /// The answer to what no route takes; `nil` where it is not the page's to give.
  func refusal(_ problem: Problem, _ exchange: Exchange) -> Response? {
    guard exchange.target.path.utf8.starts(with: "\(root)/".utf8) else { return nil }
    var response = show(Refusal(problem))
    seal(&response)
    return response
  }

  // MARK: guards

  /// A name that somebody else's DNS may point here is none of ours: an address or `localhost` can't be pointed.
  func checkHost(_ request: Request) throws(PageFault) {
    guard authority(of: request) != nil else { throw .otherHost }
  }

  /// Under what the page was asked for; `nil` if that is none of its names.
  private func authority(of request: Request) -> PageAuthority? {
    guard let authority = request.head.authority.flatMap({ PageAuthority($0) }),
      authority.isAddressOrLocal || hosts.contains(authority.host)
    else { return nil }
    return authority
  }

  /// Where a browser finds the page: under the first of `page.hosts`, or without any where this request found it. A
  /// request that was sent to that name knows the port besides.
  func origin(_ request: Request) throws(Problem) -> String {
    let found = authority(of: request)
    if let firstHost {
      let port = found.flatMap { $0.host == firstHost.lowercased() ? $0.port : nil }
      return "https://\(firstHost)\(port.map { ":\($0)" } ?? "")"
    }
    guard let found else {
      throw Problem.invalid(
        "Host", "the page does not answer under this name; write its own into page.hosts")
    }
    return "\(speaksTLS ? "https" : "http")://\(found)"
  }

  /// A form comes from this page itself. Browsers say so in `Sec-Fetch-Site` (Fetch Metadata); those that do not
  /// know it yet say it in `Origin`. What says neither is no browser. Without TLS here a proxy may speak it or not.
  func checkOrigin(_ request: Request) throws(PageFault) {
    switch request.headers.value(of: "sec-fetch-site") {
    case .one("same-origin"): return
    case .absent: break
    default: throw .otherOrigin
    }
    guard case .one(let origin) = request.headers.value(of: "origin"),
      let authority = request.head.authority,
      origin == "https://\(authority)" || (!speaksTLS && origin == "http://\(authority)")
    else { throw .otherOrigin }
  }

  // MARK: showing

  /// A page. Whoever shows one that has a session gives the visit.
  func show(
    _ template: String, _ values: [String: Any], title: String, visit: PageVisit? = nil,
    status: HTTPResponse.Status = .ok
  ) -> Response {
    var all = values
    all["title"] = title
    all["brand"] = brand
    all["home"] = "\(root)/"
    all["key_list"] = root + listPath
    all["style"] = files.style.path
    all["colours"] = (files.colours?.path).shown
    all["script"] = files.script.path
    all["icon"] = files.icon.path
    all["visitor"] = visit.map { $0.frame }.shown
    var response = Response(
      status: status, headers: [.contentType: "text/html; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: templates.render(template, all))))
    response.headers[.contentSecurityPolicy] = policy
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

  /// Nothing but our own files, a frame around it only where one is allowed, forms to ourselves only (CSP level 3).
  private var policy: String {
    let frames = ancestors.isEmpty ? "'none'" : ancestors.joined(separator: " ")
    return """
      default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
      form-action 'self'; base-uri 'none'; frame-ancestors \(frames); \
      require-trusted-types-for 'script'; trusted-types 'none'
      """
  }

  /// What every answer of the page carries besides.
  func seal(_ response: inout Response) {
    response.headers[.referrerPolicy] = "no-referrer"
    response.headers[.crossOriginOpenerPolicy] = "same-origin"
    if ancestors.isEmpty {
      response.headers[.xFrameOptions] = "DENY"
      response.headers[.crossOriginResourcePolicy] = "same-origin"
    } else {
      // X-Frame-Options knows no list; and a page that isolates itself frames only what says that it may.
      response.headers[.crossOriginResourcePolicy] = "cross-origin"
    }
  }
}

extension HTTPField.Name {
  static let xFrameOptions = Self(known: "X-Frame-Options")
  static let referrerPolicy = Self(known: "Referrer-Policy")
  static let crossOriginOpenerPolicy = Self(known: "Cross-Origin-Opener-Policy")
  static let crossOriginResourcePolicy = Self(known: "Cross-Origin-Resource-Policy")
}
