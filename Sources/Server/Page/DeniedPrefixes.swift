import CardeaLifecycle

/// Which prefixes were denied most over the last day, as the access log tells.
struct DeniedPrefixes: Sendable {
  struct Row: Sendable {
    let prefix: String
    /// Attempts that failed.
    var failed: Int64 = 0
    /// Attempts that a limit refused.
    var limited: Int64 = 0
    var reasons: [String: Int64] = [:]
    var last: Timestamp

    var total: Int64 { BarChart.sum(failed, limited) }
    /// The reason that there was most often.
    var reason: String? { reasons.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key }
  }

  /// The most denied first.
  let rows: [Row]
  let since: Timestamp
  /// Whether there were more entries than are looked at, so that only the newest count.
  let isCut: Bool

  /// Prefixes that are shown.
  private static let most = 10
  /// Pages of entries that are looked at, of each kind.
  private static let mostPages = 5

  init(_ kernel: AuthKernel) async throws(LifecycleError) {
    since = kernel.clock.now().adding(.seconds(-86_400)) ?? .earliest
    var found: [String: Row] = [:]
    var isCut = false
    for action in [AuthenticationFailed.name, RateLimited.name] {
      var query = AuditQuery(limit: 1_000)
      query.action = action
      query.since = since
      for page in 1...DeniedPrefixes.mostPages {
        let entries = try await kernel.audit(query)
        for case .access(let entry) in entries.items { DeniedPrefixes.add(entry, to: &found) }
        guard let next = entries.next else { break }
        query.cursor = next
        if page == DeniedPrefixes.mostPages { isCut = true }
      }
    }
    rows = Array(
      found.values.sorted { ($0.total, $1.prefix) > ($1.total, $0.prefix) }
        .prefix(DeniedPrefixes.most))
    self.isCut = isCut
  }

  private static func add(_ entry: AccessEntry, to rows: inout [String: Row]) {
    guard let prefix = entry.prefix else { return }
    var row = rows[prefix] ?? Row(prefix: prefix, last: entry.at)
    if entry.action == RateLimited.name {
      row.limited = BarChart.sum(row.limited, entry.count)
    } else {
      row.failed = BarChart.sum(row.failed, entry.count)
    }
    if let reason = entry.reason {
      row.reasons[reason] = BarChart.sum(row.reasons[reason] ?? 0, entry.count)
    }
    row.last = max(row.last, entry.at)
    rows[prefix] = row
  }
}
