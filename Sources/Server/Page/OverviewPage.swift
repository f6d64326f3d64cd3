import CardeaHTTPTypes
import CardeaLifecycle
import HTTPTypes
import Hummingbird

/// `/admin/`: whether the server can decide, what it is busy with, what happened last, and which plugins it has.
enum OverviewPage {
  static func add(to routes: inout PageRoutes) {
    routes.get("/") { visit in
      let (kernel, now) = (visit.kernel, visit.now)
      let readiness = await kernel.readiness()
      let figures = kernel.figures()
      var values: [String: Any] = [
        "ready": readiness.isReady, "store_reachable": readiness.storeReachable,
        "lease_valid": readiness.leaseValid, "audit_works": readiness.auditWorks,
        "no_address": visit.exchange.addresses.hasSeenUnknown,
        "version": visit.exchange.configuration.version,
        "cached": figures.cachedMatches, "hashing": figures.hashPool.running,
        "hash_width": figures.hashPool.width, "hash_waiting": figures.hashPool.waiting,
        "hash_refused": figures.hashPool.refused, "log_waiting": figures.waitingAccesses,
        "scopes": visit.holder.scopes.names, "entries": false, "any_entry": false,
        "settings": visit.exchange.configuration.settings.map {
          ["setting": $0.name, "set_to": $0.value, "from": $0.origin]
        },
        "any_setting": !visit.exchange.configuration.settings.isEmpty,
        "may_measure": visit.may(HealthPage.scope), "plugins_shown": visit.may("cardea:keys:read"),
        "plugin_count": kernel.plugins.count,
        "plugins": kernel.plugins.map { ["id": $0.id, "kind": $0.kind] },
        "keys": [], "any_key": false, "plugin_panels": [],
      ]
      if visit.may("cardea:keys:read") {
        let page = try await kernel.keys(KeyQuery(now: now, limit: 5))
        values["keys"] = page.items.map { KeyView.row($0, on: visit.site, now: now) }
        values["any_key"] = !page.items.isEmpty
        values["plugin_panels"] = try await visit.site.plugins.panels(now: now) {
          try await kernel.keys(KeyQuery(now: now, limit: PagePanel.mostKeys)).items
            .map { PageKey($0, at: now) }
        }
      }
      if visit.may("cardea:audit:read"), let page = try? await kernel.audit(AuditQuery(limit: 8)) {
        values["entries"] = ["rows": page.items.map { EntryView.row($0, now: now) }]
        values["any_entry"] = !page.items.isEmpty
      }
      return visit.show("overview", title: "Overview", section: "overview", values)
    }
  }
}
