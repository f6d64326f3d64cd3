import CardeaKernel

/// What one page of a list of keys shows, and where its neighbours are.
struct KeyListing: Sendable {
  /// Keys that are looked at for one page, where a plugin's filter decides.
  private static let mostLookedAt = 5_000

  private(set) var items: [StoredKey] = []
  /// The page before ends before this place; `nil` on the first.
  private(set) var previous: KeyCursor?
  /// The next page begins after this place; `nil` on the last.
  private(set) var next: KeyCursor?

  /// No key.
  init() {}

  /// - Parameters:
  ///   - place: the page ends before it, instead of beginning after the query's cursor.
  ///   - wanted: what plugins' filters say of a key. Where they decide, pages of the store are read until there are enough.
  init(
    _ query: KeyQuery, before place: KeyCursor?, wanted: (@Sendable (PageKey) -> Bool)? = nil,
    _ kernel: AuthKernel
  ) async throws(LifecycleError) {
    if let place {
      try await readBack(query, place, wanted, kernel)
    } else {
      try await read(query, wanted, kernel)
    }
  }

  private mutating func read(
    _ start: KeyQuery, _ wanted: (@Sendable (PageKey) -> Bool)?, _ kernel: AuthKernel
  ) async throws(LifecycleError) {
    var (query, lookedAt) = (start, 0)
    repeat {
      let page = try await kernel.keys(query)
      if start.after != nil, previous == nil, let first = page.items.first {
        previous = KeyCursor(of: first.key, in: query.sort)
      }
      items += page.items.filter { wanted?(PageKey($0, at: query.now)) ?? true }
      lookedAt += page.items.count
      query.after = page.cursor(in: query.sort)
    } while wanted != nil && query.after != nil && items.count < query.limit
      && lookedAt < KeyListing.mostLookedAt
    next = query.after
  }

  private mutating func readBack(
    _ query: KeyQuery, _ place: KeyCursor, _ wanted: (@Sendable (PageKey) -> Bool)?,
    _ kernel: AuthKernel
  ) async throws(LifecycleError) {
    guard place.sort == query.sort else {
      throw .invalid(
        field: "before", reason: "is of a listing in another order; begin with the first page")
    }
    var walk = KeysBackwards(query, before: place, kernel)
    var (found, lookedAt) = ([StoredKey](), [StoredKey]())
    while !walk.isAtStart, found.count <= query.limit, lookedAt.count < KeyListing.mostLookedAt {
      let keys = try await walk.next()
      lookedAt += keys
      found += keys.filter { wanted?(PageKey($0, at: query.now)) ?? true }
    }
    // Less than a page from the start is the first page, whole.
    if walk.isAtStart, found.count <= query.limit { return try await read(query, wanted, kernel) }
    let hasMore = found.count > query.limit
    items = found.prefix(query.limit).reversed()
    let first = hasMore ? items.first : lookedAt.last
    previous = first.map { KeyCursor(of: $0.key, in: query.sort) }
    next = lookedAt.first.map { KeyCursor(of: $0.key, in: query.sort) }
  }
}
