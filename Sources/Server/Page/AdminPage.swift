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
  let site: PageSite
  private let webhooks: Webhooks?

  static let root = "/admin"
  /// A key with any of these may sign in; what it then sees depends on which.
  static let entry = Requirement(anyScopes: [
    "cardea:keys:read", "cardea:keys:write", "cardea:audit:read", "cardea:signals:read",
    "cardea:webhooks:read", "cardea:webhooks:write",
  ])

  init(
    _ kernel: AuthKernel, _ configuration: ServerConfiguration, templates: PageTemplates,
    webhooks: Webhooks?
  ) {
    self.webhooks = webhooks
    site = PageSite(
      root: AdminPage.root, keysPath: "/keys", listPath: "/keys", brand: "Cardea",
      cookie: PageCookie(name: "__Host-cardea", isFramed: false),
      plugins: PluginParts(kernel.pages), hasWebhooks: webhooks != nil, kernel, configuration,
      templates: templates
    ) { holder in
      guard case .key(let identity) = holder else { return nil }
      return try await kernel.current(identity, requiring: AdminPage.entry).map { .key($0) }
    }
  }

  func add(to table: inout RouteTable, feed: SignalFeed, history: TrafficHistory?) {
    var routes = PageRoutes(site: site, table: table)
    routes.addFrame()
    SignInPage(
      template: "sign-in", entry: AdminPage.entry,
      lacking: "This key grants nothing here: it needs cardea:admin, or one of "
        + AdminPage.entry.anyScopes.joined(separator: ", ") + "."
    ).add(to: &routes)
    OverviewPage.add(to: &routes)
    HealthPage.add(to: &routes, history)
    KeyPages.add(to: &routes)
    KeyChangePages.add(to: &routes, scope: "cardea:keys:write")
    BulkPage.add(to: &routes)
    OwnerPages.add(to: &routes)
    ReceiptPage.add(to: &routes)
    AuditPages.add(to: &routes)
    SignalPages.add(to: &routes, feed)
    if let webhooks {
      WebhookPages.add(to: &routes, webhooks)
      WebhookChangePages.add(to: &routes, webhooks)
    }
    table = routes.table
  }
}

extension AuthKernel {
  /// The identity as its key stands now; `nil` if it is not let on any more.
  /// - Throws: a ``Denial`` if that can't be told right now.
  func current(_ identity: Identity, requiring requirement: Requirement) async throws -> Identity? {
    switch await recheck(identity, requiring: requirement) {
    case .allow(let current): return current
    case .deny(let denial):
      guard denial.category != .unavailable else { throw denial }
      return nil
    }
  }
}
