import CardeaHTTPTypes
import CardeaKernel
import HTTPTypes
import Hummingbird

/// `/admin/`: whether the server can decide, what it is busy with, what happened last, and which plugins it has.
enum OverviewPage {
  static func add(to routes: inout PageRoutes, addresses: AddressWatch) {
    routes.get("/") { visit in
      let (kernel, now) = (visit.kernel, visit.now)
      let readiness = await kernel.readiness()
      let figures = kernel.figures()
      var values: [String: Any] = [
        "ready": readiness.isReady, "store_reachable": readiness.storeReachable,
        "lease_valid": readiness.leaseValid, "audit_works": readiness.auditWorks,
        "no_address": addresses.hasSeenUnknown, "version": visit.exchange.configuration.version,
        "cached": figures.cachedMatches, "hashing": figures.hashPool.running,
        "hash_width": figures.hashPool.width, "hash_waiting": figures.hashPool.waiting,
        "hash_refused": figures.hashPool.refused, "log_waiting": figures.waitingAccesses,
        "scopes": visit.holder.scopes.names, "entries": false, "any_entry": false,
        "settings": settings(kernel.configuration, visit.exchange.configuration),
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

  /// What the server is set to, by the names of the settings file. Of a secret only whether there is one.
  private static func settings(
    _ kernel: KernelConfiguration, _ server: ServerConfiguration
  ) -> [[String: String]] {
    func duration(_ duration: Duration?) -> String {
      duration.map { DurationText.finite($0).description } ?? "never"
    }
    func list(_ values: [String]) -> String {
      values.isEmpty ? "none" : values.joined(separator: ", ")
    }
    let rows: KeyValuePairs = [
      "token.format": kernel.tokenFormat, "token.namespace": kernel.namespace,
      "hash.preferred": kernel.preferredHasher,
      "keys.default_expiry": duration(kernel.defaultExpiry),
      "keys.max_per_owner": kernel.maxKeysPerOwner < 0 ? "any" : "\(kernel.maxKeysPerOwner)",
      "keys.owner_must_exist": "\(kernel.ownerMustExist)",
      "keys.suspend_unused": duration(kernel.suspendUnused),
      "scopes.available": list(kernel.availableScopes),
      "scopes.default": list(kernel.defaultScopes),
      "cache.lease": duration(kernel.lease), "cache.max_stale": duration(kernel.maxStale),
      "audit.retention": duration(kernel.auditRetention),
      "audit.signing_key_file": kernel.auditSigningKey == nil ? "none" : "set, not shown",
      "server.host": server.host, "server.port": "\(server.port)",
      "server.trusted_proxies": list(server.trustedProxies.map { "\($0)" }),
      "page.hosts": list(server.pageHosts), "page.session_ttl": duration(server.pageSessionTTL),
      "page.session_max_age": duration(server.pageSessionMaxAge),
      "page.max_sessions": "\(server.pageMaxSessions)",
    ]
    return rows.map { ["setting": $0.key, "set_to": $0.value] }
  }
}
