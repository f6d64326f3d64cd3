import CardeaKernel

/// The keys that a listing has before a place, the nearest first. They are read in the reverse order, so that going back
/// costs what going on does, however far the place is.
struct KeysBackwards {
  private let kernel: AuthKernel
  private var query: KeyQuery
  /// Whether those that come next never expire. They are last in either direction, so what does expire is before them.
  private var isAmongEndless: Bool
  /// Whether there are no more.
  private(set) var isAtStart = false

  /// - Parameter query: the listing, in its own order.
  init(_ query: KeyQuery, before place: KeyCursor, _ kernel: AuthKernel) {
    self.kernel = kernel
    self.query = query
    self.query.sort = query.sort.reversed
    self.query.after = place.reversed
    // One more than a page shows tells whether there is a page before it.
    self.query.limit = min(query.limit + 1, 1_000)
    isAmongEndless = place.value == .expiry(nil)
  }

  /// Some of them; none where only keys of the other kind, or none at all, are left.
  mutating func next() async throws(LifecycleError) -> [StoredKey] {
    if isAtStart { return [] }
    let page = try await kernel.keys(query)
    query.after = page.cursor(in: query.sort)
    if isAmongEndless {
      isAmongEndless = query.after != nil
      return page.items
    }
    let isByExpiry = [.expiry, .expiryDescending].contains(query.sort)
    let items = page.items.prefix { !isByExpiry || $0.key.expiresAt != nil }
    isAtStart = query.after == nil || items.count < page.items.count
    return Array(items)
  }
}
