import CardeaContracts
import GRDB

/// The keys of one page by name or by expiry.
///
/// The page is read along the order's index from where the page before ended, so that the last costs what the first
/// does. What is left of the index is named stretch by stretch, first the keys that are tied with the cursor: SQLite
/// does not seek by a pair of columns of which one has a collation, and keys that never expire come last in both
/// directions.
///
/// Filters are looked at on the way. Where few keys fit, the way would lead through the whole index, and at every step
/// to another place of the table: after ``mostSteps`` it is given up, and the table is read once from its beginning to
/// its end and sorted.
struct SortedKeys {
  /// Some 10 ms of reading.
  private static let mostSteps = 4_096

  private let limit: Int
  private let filters: Listing
  /// The filters, and that a key follows the cursor.
  private var remaining: Listing
  private var stretches: [Listing] = []
  /// The order, as the index has it.
  private let order: String
  /// The same so that no index can serve it, and for the whole of the listing.
  private let sortedBy: String

  /// - Parameter limit: with the one key more that tells whether another page follows.
  init(byName query: KeyQuery, limit: Int) {
    self.limit = limit
    filters = Listing(query)
    remaining = filters
    let (beyond, direction) = query.sort.isDescending ? ("<", "DESC") : (">", "ASC")
    order = "k.name COLLATE NOCASE \(direction), k.id \(direction)"
    // NOCASE and lower() know the same letters.
    sortedBy = "lower(k.name) \(direction), k.id \(direction)"
    guard let after = query.after, case .name(let name) = after.value else {
      stretches = [Listing()]
      return
    }
    remaining.add("(lower(k.name), k.id) \(beyond) (lower(?), ?)", name, after.id)
    var tied = Listing()
    tied.add("k.name COLLATE NOCASE = ? AND k.id \(beyond) ?", name, after.id)
    var rest = Listing()
    rest.add("k.name COLLATE NOCASE \(beyond) ?", name)
    stretches = [tied, rest]
  }

  /// - Parameter limit: with the one key more that tells whether another page follows.
  init(byExpiry query: KeyQuery, limit: Int) {
    self.limit = limit
    filters = Listing(query)
    remaining = filters
    let (beyond, direction) = query.sort.isDescending ? ("<", "DESC") : (">", "ASC")
    order = "k.expires_at \(direction), k.id \(direction)"
    sortedBy = "k.expires_at IS NULL, k.expires_at \(direction), k.id \(direction)"
    var ending = Listing()
    ending.add("k.expires_at IS NOT NULL")
    if let from = query.expiresFrom { ending.add("k.expires_at >= ?", from) }
    if let before = query.expiresBefore { ending.add("k.expires_at < ?", before) }
    if query.state == .active { ending.add("k.expires_at > ?", query.now) }
    if query.state == .expired { ending.add("k.expires_at <= ?", query.now) }
    var endless = Listing()
    endless.add("k.expires_at IS NULL")
    let takesEndless =
      query.expiresFrom == nil && query.expiresBefore == nil && query.state != .expired
    switch query.after?.value {
    case .expiry(let time?):
      let id = query.after?.id
      remaining.add(
        "(+k.expires_at IS NULL OR (+k.expires_at, k.id) \(beyond) (?, ?))", time, id)
      var tied = ending
      tied.add("k.expires_at = ? AND k.id \(beyond) ?", time, id)
      ending.add("k.expires_at \(beyond) ?", time)
      stretches = [tied, ending]
    case .expiry(nil):
      endless.add("k.id \(beyond) ?", query.after?.id)
      remaining.add("+k.expires_at IS NULL AND k.id \(beyond) ?", query.after?.id)
    default: stretches = [ending]
    }
    if takesEndless { stretches.append(endless) }
  }

  func read(_ db: Database) throws(StoreError) -> [StoredKey] {
    if stretches.isEmpty { return [] }
    if filters.isEmpty { return try keys(onTheFirst: limit, db) }
    return try db.snapshot { () throws(StoreError) in
      let found = try keys(onTheFirst: SortedKeys.mostSteps, db)
      if found.count == limit { return found }
      return try steps(db) < SortedKeys.mostSteps ? found : sorted(db)
    }
  }

  /// What fits among so many keys of the index.
  private func keys(onTheFirst most: Int, _ db: Database) throws(StoreError) -> [StoredKey] {
    let rows = try Query(
      db,
      """
      SELECT \(KeyRow.columns)
      FROM (
        SELECT k.* FROM (\(walk(most))) w CROSS JOIN keys k ON k.number = w.number
        \(filters.filter) LIMIT \(limit)) k
      \(KeyRow.joins) ORDER BY \(sortedBy), s.ordinal
      """, stretches.flatMap(\.values) + filters.values, isKept: false)
    return try KeyRow.readAll(rows)
  }

  /// How many keys of the index are left, counted as far as they are looked at.
  private func steps(_ db: Database) throws(StoreError) -> Int64 {
    let count = try Query(
      db, "SELECT count(*) FROM (\(walk(SortedKeys.mostSteps)))", stretches.flatMap(\.values),
      isKept: false)
    return try count.step() ? count.int(0) : 0
  }

  private func walk(_ most: Int) -> String {
    stretches.map { stretch in
      """
      SELECT * FROM (SELECT k.number FROM keys k \(stretch.filter) ORDER BY \(order) LIMIT \(most))
      """
    }.joined(separator: " UNION ALL ") + " LIMIT \(most)"
  }

  /// The whole table, sorted.
  private func sorted(_ db: Database) throws(StoreError) -> [StoredKey] {
    let rows = try Query(
      db,
      """
      SELECT \(KeyRow.columns)
      FROM (SELECT * FROM keys k \(remaining.filter) ORDER BY \(sortedBy) LIMIT \(limit)) k
      \(KeyRow.joins) ORDER BY \(sortedBy), s.ordinal
      """, remaining.values, isKept: false)
    return try KeyRow.readAll(rows)
  }
}

extension Database {
  /// Runs `body`, all statements of which see one state of the database.
  fileprivate func snapshot<Value>(
    _ body: () throws(StoreError) -> Value
  ) throws(StoreError) -> Value {
    try Query(self, "BEGIN").run()
    let result = Result { () throws(StoreError) in try body() }
    try Query(self, "COMMIT").run()
    return try result.get()
  }
}
