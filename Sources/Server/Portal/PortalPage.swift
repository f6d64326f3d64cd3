import CardeaHTTPTypes
import CardeaKernel
import HTTPTypes
import Hummingbird

/// An owner's own page below `/keys/`: their keys, and nothing else.
///
/// They sign in with one of their keys, or by a link that the host application asked for. Whoever is signed in acts as
/// an ``Actor`` for whom there are the owner's keys alone, so it is the kernel that answers for another owner's key as
/// for one that does not exist. Its sessions and its cookie are not those of ``AdminPage``.
struct PortalPage: Sendable {
  let site: PageSite
  let links: PortalLinks

  static let root = "/keys"

  init(_ kernel: AuthKernel, _ configuration: ServerConfiguration, templates: PageTemplates) {
    let links = PortalLinks(kernel)
    self.links = links
    site = PageSite(
      root: PortalPage.root, keysPath: "", listPath: "/", brand: configuration.pageName,
      cookie: PageCookie(
        name: "__Host-cardea-keys", isFramed: !configuration.pageFrameAncestors.isEmpty),
      colour: configuration.pageColour, ancestors: configuration.pageFrameAncestors, kernel,
      configuration, templates: templates
    ) { holder in
      switch holder {
      case .key(let identity):
        guard let current = try await kernel.current(identity, requiring: .none),
          current.ownerID == identity.ownerID
        else { return nil }
        return .key(current)
      case .link(let grant): return try await links.current(grant).map { .link($0) }
      }
    }
  }

  func add(to table: inout RouteTable) {
    var routes = PageRoutes(site: site, table: table)
    routes.addFrame()
    SignInPage(
      template: "portal-sign-in", entry: .none, admits: { $0.ownerID != nil },
      lacking: "This key belongs to nobody, so there are no keys to show."
    ).add(to: &routes)
    PortalLinkPage.add(to: &routes, links)
    PortalKeyPages.add(to: &routes)
    KeyChangePages.add(
      to: &routes, scope: nil, only: ["revoke", "complete-rotation", "cancel-rotation"])
    table = routes.table
    PortalRoutes.add(to: &table, links, site: site)
  }
}
