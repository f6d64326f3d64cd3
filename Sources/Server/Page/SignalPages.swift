import CardeaHTTPTypes
import CardeaLifecycle
import HTTPTypes
import Hummingbird

/// `/admin/signals`: the newest entries of the signal log, and with JavaScript those that follow, as they are written.
/// Needs what `GET /v1/signals` needs.
enum SignalPages {
  private static let pageLength = 50

  static func add(to routes: inout PageRoutes, _ feed: SignalFeed) {
    let read = SignalTransmission.scope
    routes.get(
      "/signals", query: QueryNames.signals.union(QueryNames.pages).union(["after"]), scope: read
    ) {
      try await list($0)
    }
    routes.follow("/signals/stream", query: QueryNames.signals.union(["after"]), scope: read) {
      try await follow($0, feed)
    }
  }

  private static func list(_ visit: PageVisit) async throws -> Response {
    let fields = try visit.query(lists: SignalFilter.lists)
    let filters = PageFilters(visit.exchange.target.query, names: QueryNames.signals)
    var rows: [SignalRow] = []
    var (end, found) = (Int64(0), Found())
    var problem: Problem?
    do {
      let filter = try SignalFilter(fields)
      // The end first: what comes between the two readings is told again, not lost.
      end = try await head(visit)
      found = try await find(
        filter, before: fields.position("before"), after: fields.position("after"), visit)
      rows = try found.entries.map {
        try SignalRow($0.entry, showsKey: visit.may("cardea:keys:read"))
      }
      end = max(end, found.entries.first?.number ?? 0)
    } catch { problem = try KeyPages.correctable(error) }
    let query = filters.query(cursor: nil)
    func link(_ way: String, _ position: Int64?) -> Any {
      position.map { "/admin/signals?\(query)\(query.isEmpty ? "" : "&")\(way)=\($0)" }.shown
    }
    var shown = filters.values
    shown["name"] = fields.list("name").joined(separator: ", ")
    return visit.show(
      "signals", title: "Signals", section: "signals",
      [
        "rows": rows.map(\.values), "any": !rows.isEmpty, "names": SignalFilter.names,
        "filter": shown, "is_filtered": filters.isFiltering,
        "stream": (found.isNewest && problem == nil ? "/admin/signals/stream?\(query)" : nil).shown,
        "end": end, "next": link("before", found.next), "previous": link("after", found.previous),
        "first": (found.isNewest ? nil : "/admin/signals?\(query)").shown,
        "errors": PageText.errors(problem),
      ], status: problem.map { .init(code: $0.status) } ?? .ok)
  }

  /// What one page shows, newest first.
  private struct Found {
    var entries: [Numbered<LogEntry>] = []
    var isNewest = true

    var next: Int64? { entries.count == SignalPages.pageLength ? entries.last?.number : nil }
    var previous: Int64? { isNewest ? nil : entries.first?.number }
  }

  /// The entries before a position, those after one, or the newest. Less than a page after it, the newest are all of them.
  private static func find(
    _ wanted: SignalFilter, before: Int64?, after: Int64?, _ visit: PageVisit
  ) async throws -> Found {
    if let after {
      guard before == nil else {
        throw Problem.invalid("after", "leads back, and before on: only one of them can be given")
      }
      let newer = try await entries(visit, wanted) { filter in
        filter.after = after
        filter.newestFirst = false
        filter.limit += 1
      }
      if newer.count > pageLength {
        return Found(entries: newer.prefix(pageLength).reversed(), isNewest: false)
      }
    }
    let found = try await entries(visit, wanted) { $0.before = before }
    return Found(entries: found, isNewest: before == nil)
  }

  private static func head(_ visit: PageVisit) async throws(LifecycleError) -> Int64 {
    let kernel = visit.kernel
    return try await kernel.inStore { () async throws(StoreError) in
      try await kernel.store.logHead().position
    }
  }

  private static func entries(
    _ visit: PageVisit, _ wanted: SignalFilter, _ bound: (inout LogFilter) -> Void
  ) async throws(LifecycleError) -> [Numbered<LogEntry>] {
    guard let store = visit.kernel.store as? any AccessLogStore else {
      throw .failed("the store does not list its signal log")
    }
    var filter = LogFilter(limit: pageLength)
    filter.actions = wanted.signals.isEmpty ? nil : wanted.signals
    filter.keyID = wanted.keyID
    filter.prefix = wanted.prefix
    bound(&filter)
    if let owner = wanted.owner { filter.ownerIDs = try await visit.kernel.ownerIDs(named: owner) }
    return try await visit.kernel.inStore { [filter] () async throws(StoreError) in
      try await store.signalEntries(filter)
    }
  }

  /// Signals as events whose data are what a row shows, for as long as the session and its key are good.
  private static func follow(_ visit: PageVisit, _ feed: SignalFeed) async throws -> Response {
    let fields = try visit.query(lists: SignalFilter.lists)
    var filter = try SignalFilter(fields)
    // A browser that comes back says how far it was; at first the page does.
    let position = try SignalRoutes.position(visit.exchange) ?? fields.position("after")
    guard let identity = visit.holder.identity else { throw PageVisit.SignedOut() }
    let seat = try feed.seat(visit.exchange.connection)
    let start = try await feed.start(after: position)
    try await filter.findOwners(in: visit.kernel)
    var transmission = SignalTransmission(
      feed: feed, seat: seat, kernel: visit.kernel, identity: identity, filter: filter,
      start: start, logger: visit.exchange.logger)
    let (sessions, secret) = (visit.site.sessions, visit.secret)
    transmission.isOpen = { sessions.look(secret) != nil }
    let showsKey = visit.may("cardea:keys:read")
    transmission.text = { try SignalRow($0.entry, showsKey: showsKey).event() }
    return SignalRoutes.answer(transmission)
  }
}
