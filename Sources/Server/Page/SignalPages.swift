import CardeaHTTPTypes
import CardeaKernel
import HTTPTypes
import Hummingbird

/// `/admin/signals`: the newest entries of the signal log, and with JavaScript those that follow, as they are written.
/// Needs what `GET /v1/signals` needs.
enum SignalPages {
  private static let pageLength = 50

  static func add(to routes: inout PageRoutes, _ feed: SignalFeed) {
    let read = SignalTransmission.scope
    routes.get("/signals", query: QueryNames.signals.union(["before"]), scope: read) {
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
    var (end, next): (Int64, Int64?) = (0, nil)
    var problem: Problem?
    do {
      let filter = try SignalFilter(fields)
      let before = try fields.position("before")
      // The end first: what comes between the two readings is told again, not lost.
      end = try await head(visit)
      let found = try await entries(visit, filter, before: before)
      rows = try found.map { try SignalRow($0.entry, showsKey: visit.may("cardea:keys:read")) }
      if found.count == pageLength { next = found.last?.number }
      end = max(end, found.first?.number ?? 0)
    } catch { problem = try KeyPages.correctable(error) }
    let query = filters.query(cursor: nil)
    var shown = filters.values
    shown["name"] = fields.list("name").joined(separator: ", ")
    let isNewest = fields.string("before") == nil
    return visit.show(
      "signals", title: "Signals", section: "signals",
      [
        "rows": rows.map(\.values), "any": !rows.isEmpty, "names": SignalFilter.names,
        "filter": shown, "is_filtered": filters.isFiltering,
        "stream": (isNewest && problem == nil ? "/admin/signals/stream?\(query)" : nil).shown,
        "end": end,
        "next": next.map { "/admin/signals?\(query)\(query.isEmpty ? "" : "&")before=\($0)" }.shown,
        "first": (isNewest ? nil : "/admin/signals?\(query)").shown,
        "errors": PageText.errors(problem),
      ], status: problem.map { .init(code: $0.status) } ?? .ok)
  }

  private static func head(_ visit: PageVisit) async throws(LifecycleError) -> Int64 {
    do throws(StoreError) { return try await visit.kernel.store.logHead().position } catch {
      throw LifecycleError(error)
    }
  }

  /// The newest entries that a filter takes.
  private static func entries(
    _ visit: PageVisit, _ wanted: SignalFilter, before: Int64?
  ) async throws(LifecycleError) -> [Numbered<LogEntry>] {
    guard let store = visit.kernel.store as? any AccessLogStore else {
      throw .failed("the store does not list its signal log")
    }
    var filter = LogFilter(limit: pageLength)
    filter.actions = wanted.signals.isEmpty ? nil : wanted.signals
    filter.keyID = wanted.keyID
    filter.prefix = wanted.prefix
    filter.before = before
    if let owner = wanted.owner { filter.ownerIDs = try await visit.kernel.ownerIDs(named: owner) }
    do throws(StoreError) { return try await store.signalEntries(filter) } catch {
      throw LifecycleError(error)
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
