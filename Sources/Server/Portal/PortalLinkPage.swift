import CardeaContracts
import CardeaHTTPTypes
import HTTPTypes
import Hummingbird

/// `/keys/link`: where a link leads. Looking at it changes nothing, so that a preview of the link does not use it up;
/// the button on it does.
enum PortalLinkPage {
  static let path = "/link"
  /// The name of the link's text in the query.
  static let item = "link"

  static func add(to routes: inout PageRoutes, _ links: PortalLinks) {
    let site = routes.site
    routes.open(path, query: [item]) { exchange in
      let query = try QueryFields(
        form: exchange.target.query, known: exchange.takes.query, takesMetadata: false)
      let text = query.string(item) ?? ""
      guard let grant = try await links.look(text) else { throw PageFault.oldLink }
      return site.show(
        "portal-link", ["owner": grant.owner.name, "link": text], title: "Your API keys")
    }
    routes.openPost(path) { exchange, form in
      guard let grant = try await links.take(form["link"]) else { throw PageFault.oldLink }
      let (response, session) = SignInPage.letIn(.link(grant), exchange, site)
      // If this throws, nobody gets the session's cookie.
      try await exchange.kernel.recordLogIn(
        of: session, owner: grant.owner.name, request: exchange.facts)
      return response
    }
  }
}

extension PageFault {
  /// Told alike of a link that was used, is past its end, or never was one.
  static let oldLink = PageFault(
    status: .forbidden, title: "This link does not work",
    detail: """
      A link works once and for a short time. Ask for another in the service that your keys are for, or sign in with \
      the token of one of your keys.
      """)
}
