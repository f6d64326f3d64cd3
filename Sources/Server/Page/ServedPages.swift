import CardeaKernel
import CardeaWebhooks
import Hummingbird

/// The pages for people that a server has.
struct ServedPages: Sendable {
  private let admin: AdminPage?
  private let portal: PortalPage?

  /// - Throws: if a template can't be read.
  init(
    _ kernel: AuthKernel, _ configuration: ServerConfiguration, webhooks: Webhooks?
  ) throws {
    let templates =
      configuration.pageEnabled || configuration.pageOwners
      ? try PageTemplates(folder: configuration.pageTemplates) : nil
    admin = templates.flatMap {
      configuration.pageEnabled
        ? AdminPage(kernel, configuration, templates: $0, webhooks: webhooks) : nil
    }
    portal = templates.flatMap {
      configuration.pageOwners ? PortalPage(kernel, configuration, templates: $0) : nil
    }
  }

  func add(to table: inout RouteTable, feed: SignalFeed, history: TrafficHistory?) {
    admin?.add(to: &table, feed: feed, history: history)
    if let admin {
      // What is printed as the address is what a person opens.
      let root = admin.site.root
      table.get("/") { _ in Response(status: .seeOther, headers: [.location: "\(root)/"]) }
    }
    portal?.add(to: &table)
  }

  /// The answer of a page to what no route takes; `nil` where it is none's to give.
  func refusal(_ problem: Problem, _ exchange: Exchange) -> Response? {
    admin?.site.refusal(problem, exchange) ?? portal?.site.refusal(problem, exchange)
  }
}
