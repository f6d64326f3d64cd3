import CardeaHTTPTypes
import CardeaKernel
import HTTPTypes
import Hummingbird

/// `/admin/health`: how this node and the store are, what was asked of them in the last hour, and which prefixes were
/// denied. Needs what `/metrics` needs; of prefixes tells the access log, which needs `cardea:audit:read`.
enum HealthPage {
  static let scope = "cardea:metrics:read"

  static func add(to routes: inout PageRoutes, _ history: TrafficHistory?) {
    routes.get("/health", scope: scope) { visit in
      let (kernel, now) = (visit.kernel, visit.now)
      let began = kernel.clock.monotonic()
      let readiness = await kernel.readiness()
      let microseconds = Int64(clamping: (kernel.clock.monotonic() &- began) / 1_000)
      let figures = kernel.figures()
      let log = kernel.store as? any AccessLogStore
      var values: [String: Any] = [
        "ready": readiness.isReady, "store_reachable": readiness.storeReachable,
        "lease_valid": readiness.leaseValid, "store": kernel.store.id,
        "failing_sinks": readiness.failingSinks,
        "answered_in": PageText.milliseconds(microseconds), "node": kernel.configuration.nodeName,
        "log_waiting": figures.waitingAccesses, "cached": figures.cachedMatches,
        "mismatches": figures.cachedMismatches, "hashing": figures.hashPool.running,
        "hash_width": figures.hashPool.width, "hash_waiting": figures.hashPool.waiting,
        "hash_refused": figures.hashPool.refused,
        "position": ((try? await kernel.store.logHead())?.position).shown,
        "nodes": await nodes(log, now), "subscriptions": subscriptions(figures),
        "traffic": history.map { TrafficChart.values($0, hashWidth: figures.hashPool.width) }.shown,
        "denied": false, "members": await members(kernel),
      ]
      if visit.may("cardea:audit:read"), let denied = try? await DeniedPrefixes(kernel) {
        values["denied"] = view(denied, now)
      }
      values["any_node"] = (values["nodes"] as? [Any])?.isEmpty == false
      values["any_subscription"] = !figures.subscriptions.isEmpty
      return visit.show("health", title: "Health", section: "overview", values)
    }
  }

  /// The nodes that share the store, and what is wrong with them; `false` where there is but one.
  private static func members(_ kernel: AuthKernel) async -> Any {
    guard kernel.namesNodes else { return false }
    let nodes = try? await kernel.nodes()
    let last = nodes?.map(\.applied).max() ?? 0
    return [
      "known": nodes != nil,
      "warnings": kernel.nodeWarnings.map { PageText.sentence($0.detail) },
      "rows": (nodes ?? []).map { status in
        let milliseconds = Int64(status.silence / .milliseconds(1))
        return [
          "name": status.node.name, "version": status.node.version,
          "applied": status.applied, "is_alive": status.isAlive,
          "behind": (status.applied < last ? "\(last - status.applied)" : nil).shown,
          "silence": PageText.milliseconds(max(0, milliseconds) * 1_000),
          "lease": DurationText.finite(status.node.lease).description,
        ] as [String: Any]
      },
    ] as [String: Any]
  }

  /// The nodes that have written to the access log, with what each wrote last.
  private static func nodes(
    _ store: (any AccessLogStore)?, _ now: Timestamp
  ) async -> [[String: Any]] {
    guard let store, let heads = try? await store.accessHeads() else { return [] }
    var nodes: [[String: Any]] = []
    for head in heads where !head.isForeign {
      let last = try? await store.accessLog(
        node: head.node, after: max(0, head.position - 1), limit: 1
      ).first
      nodes.append([
        "name": head.node, "entries": head.position - head.basePosition,
        "last": PageText.time(last?.at, now: now),
      ])
    }
    return nodes
  }

  private static func subscriptions(_ figures: KernelFigures) -> [[String: Any]] {
    figures.subscriptions.map {
      [
        "id": $0.id, "signal": $0.signal, "waits": $0.waiting.map { "\($0)" }.shown,
        "dropped": $0.dropped, "has_dropped": $0.dropped > 0, "is_stuck": $0.isStuck,
      ]
    }
  }

  private static func view(_ denied: DeniedPrefixes, _ now: Timestamp) -> [String: Any] {
    [
      "any": !denied.rows.isEmpty, "cut": denied.isCut,
      "rows": denied.rows.map { row in
        let link = PageFilters([("prefix", row.prefix), ("since", denied.since.rfc3339)])
        return [
          "prefix": row.prefix, "failed": row.failed, "limited": row.limited,
          "reason": row.reason.shown, "last": PageText.time(row.last, now: now),
          "audit": "/admin/audit?\(link.query(cursor: nil))",
        ] as [String: Any]
      },
    ]
  }
}
