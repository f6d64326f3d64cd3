import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A listing's SQL, put together from the filters that are set. Values are bound, never spliced: `?` in a condition
/// stands for the next value.
struct Listing {
  private var conditions: [String] = []
  private(set) var values: [any Bindable]

  /// - Parameter values: those that stand before.
  init(after values: [any Bindable] = []) { self.values = values }

  mutating func add(_ condition: String, _ values: any Bindable...) { add(condition, values) }

  var filter: String { conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ") }

  // MARK: Keys

  static func limit(of query: KeyQuery) -> Int { min(max(query.limit, 1), 1_000) }

  /// One page of keys and one more, which tells whether another follows.
  static func keys(_ query: KeyQuery) -> Statement {
    let limit = limit(of: query) + 1
    let direction = query.sort.isDescending ? "DESC" : "ASC"
    let page: (sql: String, values: [any Bindable])
    let order: String
    switch query.sort {
    case .newest, .oldest:
      order = "k.id \(direction)"
      page = walk(query, order, limit) { listing in
        if let after = query.after { listing.add("k.id \(query.sort.beyond) ?", after.id) }
      }
    case .name, .nameDescending:
      order = "lower(k.name) \(direction), k.id \(direction)"
      page = walk(query, order, limit) { listing in
        guard let after = query.after, case .name(let name) = after.value else { return }
        listing.add(
          "(lower(k.name), k.id) \(query.sort.beyond) (lower(? COLLATE \"C\"), ?)", name, after.id)
      }
    case .expiry, .expiryDescending:
      order = "k.expires_at \(direction) NULLS LAST, k.id \(direction)"
      page = byExpiry(query, direction, limit)
    }
    return Statement(
      """
      SELECT \(KeyRow.columns) FROM (\(page.sql)) k \(KeyRow.joins)
      ORDER BY \(order), s.ordinal
      """, page.values, isKept: false)
  }

  private static func walk(
    _ query: KeyQuery, _ order: String, _ limit: Int, after values: [any Bindable] = [],
    _ narrow: (inout Listing) -> Void
  ) -> (sql: String, values: [any Bindable]) {
    var listing = Listing(after: values)
    listing.add(query)
    narrow(&listing)
    return (
      "SELECT k.* FROM cardea.keys k \(listing.filter) ORDER BY \(order) LIMIT \(limit)",
      listing.values
    )
  }

  /// What never ends comes last in both directions: two ways along one index.
  private static func byExpiry(
    _ query: KeyQuery, _ direction: String, _ limit: Int
  ) -> (sql: String, values: [any Bindable]) {
    let beyond = query.sort.beyond
    let byID = "k.id \(direction)"
    func endless(_ values: [any Bindable]) -> (sql: String, values: [any Bindable]) {
      walk(query, byID, limit, after: values) { listing in
        listing.add("k.expires_at IS NULL")
        if case .expiry(nil)? = query.after?.value, let id = query.after?.id {
          listing.add("k.id \(beyond) ?", id)
        }
      }
    }
    if case .expiry(nil)? = query.after?.value { return endless([]) }
    let ending = walk(query, "k.expires_at \(direction), \(byID)", limit) { listing in
      listing.add("k.expires_at IS NOT NULL")
      if case .expiry(let time?)? = query.after?.value, let id = query.after?.id {
        listing.add("(k.expires_at, k.id) \(beyond) (?, ?)", time, id)
      }
    }
    let rest = endless(ending.values)
    return ("(\(ending.sql)) UNION ALL (\(rest.sql)) LIMIT \(limit)", rest.values)
  }

  /// The filters of `query`, without its cursor.
  private mutating func add(_ query: KeyQuery) {
    if let ownerID = query.ownerID { add("k.owner_id = ?", ownerID) }
    switch query.state {
    case .active:
      add("k.status = 'active' AND (k.expires_at IS NULL OR k.expires_at > ?)", query.now)
    case .expired: add("k.status = 'active' AND k.expires_at <= ?", query.now)
    case .suspended, .revoked, .purged: add("k.status = ?", query.state?.rawValue)
    case nil: break
    }
    if let kind = query.kind { add("k.kind = ?", kind.rawValue) }
    if let keyClass = query.keyClass { add("k.class = ?", keyClass) }
    if let scope = query.scope { add("jsonb_exists(k.scopes::jsonb, ?)", scope) }
    if let format = query.format {
      // Asked at every start, mostly for what no key has: a seek per scheme, where a scan takes long.
      add(
        "k.prefix IN (SELECT prefix FROM cardea.secrets WHERE scheme IN (\(Listing.schemes)) AND format = ?)",
        format)
    }
    if let from = query.createdFrom { add("k.created_at >= ?", from) }
    if let before = query.createdBefore { add("k.created_at < ?", before) }
    if let from = query.expiresFrom { add("k.expires_at >= ?", from) }
    if let before = query.expiresBefore { add("k.expires_at < ?", before) }
    if let moment = query.unusedBefore {
      add("greatest(k.created_at, k.last_used_at, k.reactivated_at) < ?", moment)
    }
    if let prefix = query.prefix { add("starts_with(k.prefix, ?)", prefix) }
    for (field, text) in query.metadata.sorted(by: { $0.key < $1.key }) { add(field, reads: text) }
    if let days = query.unannouncedDays {
      // The first three are the index's own condition, which makes it usable.
      add(
        "k.status = 'active' AND k.expires_at IS NOT NULL AND k.expiry_notice IS DISTINCT FROM 0 "
          + "AND (k.expiry_notice IS NULL OR k.expiry_notice > ?)", days)
    }
    if let text = query.text {
      let hit = ["name", "description", "prefix"].map {
        "strpos(lower(k.\($0)), lower(? COLLATE \"C\")) > 0"
      }
      add("(\(hit.joined(separator: " OR ")))", text, text, text)
    }
  }

  /// As ``JSONValue/reads(_:)`` has it. Metadata that hold a NUL, which no text of PostgreSQL's can, fit no filter.
  private mutating func add(_ field: String, reads text: String) {
    var readings = [
      "CASE json_typeof(f.value) WHEN 'string' THEN f.value #>> '{}' = ? ELSE false END"
    ]
    var values: [any Bindable] = [field, text]
    if ["true", "false", "null"].contains(text) {
      readings.append("f.value::text = ?")
      values.append(text)
    }
    if let integer = Int64(text) {
      readings.append("f.value::text = ?")
      values.append(String(integer))
    }
    if let number = Double(text) {
      readings.append(
        "CASE WHEN json_typeof(f.value) = 'number' AND f.value::text !~ '^-{0,1}[0-9]+$' "
          + "THEN f.value::text::float8 = ? ELSE false END")
      values.append(number)
    }
    let condition =
      "CASE WHEN strpos(k.metadata, '\\u0000') > 0 THEN false ELSE EXISTS ("
      + "SELECT 1 FROM json_each(k.metadata::json) f WHERE f.key = ? "
      + "AND (\(readings.joined(separator: " OR ")))) END"
    add(condition, values)
  }

  private mutating func add(_ condition: String, _ values: [any Bindable]) {
    var rest = values[...]
    var numbered = ""
    for character in condition {
      if character == "?", let value = rest.popFirst() {
        self.values.append(value)
        numbered += "$\(self.values.count)"
      } else {
        numbered.append(character)
      }
    }
    conditions.append(numbered)
  }

  // MARK: Owners

  /// One page of owners and one more, by kind and name, one way or the other along the index that keeps both unique.
  static func owners(_ query: OwnerQuery) -> Statement {
    var listing = Listing()
    if let kind = query.kind { listing.add("o.kind = ?", kind.rawValue) }
    if let name = query.name { listing.add("o.name = ?", name) }
    if let member = query.member { listing.add("jsonb_exists(o.members::jsonb, ?)", member) }
    let (beyond, direction) = query.descending ? ("<", "DESC") : (">", "ASC")
    if let after = query.after {
      listing.add(
        "(o.kind, o.name) \(beyond) "
          + "(SELECT last.kind, last.name FROM cardea.owners last WHERE last.id = ?)", after)
    }
    let limit = min(max(query.limit, 1), 1_000) + 1
    return Statement(
      """
      SELECT \(OwnerRow.columns) FROM cardea.owners o \(listing.filter)
      ORDER BY o.kind \(direction), o.name \(direction) LIMIT \(limit)
      """, listing.values, isKept: false)
  }

  // MARK: Logs

  /// - Parameters:
  ///   - number: the column of the number that listings go on by.
  ///   - action: the column of the entry's name.
  ///   - table: the log, and the table of its payloads.
  init(
    _ filter: LogFilter, number: String, action: String, in table: String, payload: String
  ) {
    self.init()
    if let after = filter.after { add("\(number) > ?", after) }
    if let before = filter.before { add("\(number) < ?", before) }
    if let keyID = filter.keyID { add("\(table).key_id = ?", keyID) }
    if let prefix = filter.prefix { add("\(table).prefix = ?", prefix) }
    if let names = filter.actions {
      // A text with a NUL, which no text of PostgreSQL's has, is no entry's name.
      add("\(action) = ANY (?)", List(names.filter { !$0.utf8.contains(0) }))
    }
    if let since = filter.since { add("\(table).at >= ?", since) }
    if let until = filter.until { add("\(table).at < ?", until) }
    for part in filter.payloadHolds { add("position(? IN \(payload)) > 0", part) }
  }

  static func end(of filter: LogFilter, number: String) -> String {
    "ORDER BY \(number) \(filter.newestFirst ? "DESC" : "ASC") LIMIT \(max(filter.limit, 0))"
  }

  // MARK: Hashes

  /// The schemes of all secrets, by one seek for each (a "loose index scan").
  static let schemes = """
    WITH RECURSIVE schemes (name) AS (
      SELECT min(scheme) FROM cardea.secrets
      UNION ALL
      SELECT (SELECT min(scheme) FROM cardea.secrets WHERE scheme > schemes.name) FROM schemes
      WHERE schemes.name IS NOT NULL)
    SELECT name FROM schemes WHERE name IS NOT NULL
    """
}

extension KeySort {
  fileprivate var beyond: String { isDescending ? "<" : ">" }
}
