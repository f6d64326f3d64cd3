import CardeaContracts
import GRDB

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// A listing's SQL, put together from the filters that are set. Values are bound, never spliced.
struct Listing {
  private var conditions: [String] = []
  private(set) var values: [any Bindable] = []

  mutating func add(_ condition: String, _ values: any Bindable...) {
    conditions.append(condition)
    self.values += values
  }

  var isEmpty: Bool { conditions.isEmpty }

  var filter: String {
    conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
  }

  // MARK: Keys

  /// One page of keys, of one snapshot.
  static func keys(_ query: KeyQuery, _ db: Database) throws(StoreError) -> Page<StoredKey> {
    let limit = min(max(query.limit, 1), 1_000)
    let found =
      switch query.sort {
      case .newest, .oldest: try keysByID(query, limit: limit + 1, db)
      case .name, .nameDescending: try SortedKeys(byName: query, limit: limit + 1).read(db)
      case .expiry, .expiryDescending: try SortedKeys(byExpiry: query, limit: limit + 1).read(db)
      }
    return Page(found, limit: limit, id: \.key.id)
  }

  private static func keysByID(
    _ query: KeyQuery, limit: Int, _ db: Database
  ) throws(StoreError) -> [StoredKey] {
    var listing = Listing(query)
    let direction = query.sort.isDescending ? "DESC" : "ASC"
    if let after = query.after {
      listing.add("k.id \(query.sort.isDescending ? "<" : ">") ?", after.id)
    }
    // Off the index of ids, which the planner would go through for the sake of the order.
    let order = query.unannouncedDays == nil ? "k.id" : "+k.id"
    let rows = try Query(
      db,
      """
      SELECT \(KeyRow.columns)
      FROM (SELECT * FROM keys k \(listing.filter) ORDER BY \(order) \(direction) LIMIT \(limit)) k
      \(KeyRow.joins) ORDER BY k.id \(direction), s.ordinal
      """, listing.values, isKept: false)
    return try KeyRow.readAll(rows)
  }

  /// The filters of `query`, without its cursor.
  init(_ query: KeyQuery) {
    // Only the search for expiries to announce has an index that begins with them; off any other, which the
    // planner might go through instead of that of the order.
    let expiry = query.unannouncedDays == nil ? "+k.expires_at" : "k.expires_at"
    if let ownerID = query.ownerID { add("k.owner_id = ?", ownerID) }
    switch query.state {
    case .active:
      add("k.status = 'active' AND (\(expiry) IS NULL OR \(expiry) > ?)", query.now)
    case .expired: add("k.status = 'active' AND \(expiry) <= ?", query.now)
    case .suspended, .revoked, .purged: add("k.status = ?", query.state?.rawValue)
    case nil: break
    }
    if let kind = query.kind { add("k.kind = ?", kind.rawValue) }
    if let keyClass = query.keyClass { add("k.class = ?", keyClass) }
    if let scope = query.scope {
      add("EXISTS (SELECT 1 FROM json_each(k.scopes) WHERE value = ?)", scope)
    }
    if let format = query.format {
      // Asked at every start, mostly for what no key has: a seek per scheme, where a scan takes half a second.
      add(
        "k.prefix IN (SELECT prefix FROM secrets WHERE scheme IN (\(Listing.schemes)) AND format = ?)",
        format)
    }
    if let from = query.createdFrom { add("k.created_at >= ?", from) }
    if let before = query.createdBefore { add("k.created_at < ?", before) }
    if let from = query.expiresFrom { add("\(expiry) >= ?", from) }
    if let before = query.expiresBefore { add("\(expiry) < ?", before) }
    if let moment = query.unusedBefore {
      add(
        "max(k.created_at, coalesce(k.last_used_at, k.created_at), "
          + "coalesce(k.reactivated_at, k.created_at)) < ?", moment)
    }
    if let prefix = query.prefix {
      add("substr(k.prefix, 1, length(?)) = ?", prefix, prefix)
    }
    for (field, text) in query.metadata.sorted(by: { $0.key < $1.key }) { add(field, reads: text) }
    if let days = query.unannouncedDays {
      // The first three stand in the index's own condition, which makes it usable.
      add(
        "k.status = 'active' AND k.expires_at IS NOT NULL AND k.expiry_notice IS NOT 0 "
          + "AND (k.expiry_notice IS NULL OR k.expiry_notice > ?)", days)
    }
    if let text = query.text {
      // SQLite's lower() knows ASCII only, as the query asks; GRDB's Unicode functions have other names.
      let hit = ["name", "description", "prefix"].map { "instr(lower(k.\($0)), lower(?)) > 0" }
      add("(\(hit.joined(separator: " OR ")))")
      values += [text, text, text]
    }
  }

  /// As ``JSONValue/reads(_:)`` has it.
  private mutating func add(_ field: String, reads text: String) {
    var readings = ["type = 'text' AND value = ?"]
    values += [field, text] as [any Bindable]
    if ["true", "false", "null"].contains(text) {
      readings.append("type = ?")
      values.append(text)
    }
    if let integer = Int64(text) {
      readings.append("type = 'integer' AND value = ?")
      values.append(integer)
    }
    if let number = Double(text) {
      readings.append("type = 'real' AND value = ?")
      values.append(number)
    }
    add(
      "EXISTS (SELECT 1 FROM json_each(k.metadata) "
        + "WHERE key = ? AND (\(readings.joined(separator: " OR "))))")
  }

  // MARK: Owners

  /// One page of owners, by kind and name.
  static func owners(_ query: OwnerQuery, _ db: Database) throws(StoreError) -> Page<OwnerRecord> {
    let limit = min(max(query.limit, 1), 1_000)
    var place: OwnerPlace?
    if let after = query.after {
      place = try OwnerPlace(of: after, db)
      if place == nil { return Page(items: [], next: nil) }
    }
    let (sql, values) = owners(query, after: place, limit: limit + 1)
    let rows = try Query(db, sql, values, isKept: false)
    var owners: [OwnerRecord] = []
    while try rows.step() {
      if let owner = try OwnerRow.read(rows) { owners.append(owner) }
    }
    return Page(owners, limit: limit, id: \.id)
  }

  /// What an owner is listed by.
  struct OwnerPlace {
    let kind: String
    let name: String

    init(kind: String, name: String) {
      self.kind = kind
      self.name = name
    }

    init?(of id: UUID, _ db: Database) throws(StoreError) {
      let row = try Query(db, "SELECT kind, name FROM owners WHERE id = ?", [id])
      guard try row.step() else { return nil }
      self.init(kind: try row.text(0), name: try row.text(1))
    }
  }

  /// Along the index that keeps kind and name unique, one way or the other, from a place on. The place is bound as two
  /// values: by the row of a subquery, or beside a condition on the kind, SQLite would seek by the kind alone.
  static func owners(
    _ query: OwnerQuery, after place: OwnerPlace?, limit: Int
  ) -> (sql: String, values: [any Bindable]) {
    var listing = Listing()
    if let kind = query.kind { listing.add("o.kind = ?", kind.rawValue) }
    if let name = query.name { listing.add("o.name = ?", name) }
    if let member = query.member {
      listing.add("EXISTS (SELECT 1 FROM json_each(o.members) WHERE value = ?)", member)
    }
    let (beyond, direction) = query.descending ? ("<", "DESC") : (">", "ASC")
    if let place {
      if query.kind?.rawValue == place.kind {
        listing.add("o.name \(beyond) ?", place.name)
      } else {
        listing.add("(o.kind, o.name) \(beyond) (?, ?)", place.kind, place.name)
      }
    }
    return (
      """
      SELECT \(OwnerRow.columns) FROM owners o \(listing.filter)
      ORDER BY o.kind \(direction), o.name \(direction) LIMIT \(limit)
      """, listing.values
    )
  }

  init() {}

  // MARK: Hashes

  /// The schemes of all secrets, by one seek for each (a "loose index scan").
  private static let schemes = """
    WITH RECURSIVE schemes (name) AS (
      SELECT min(scheme) FROM secrets
      UNION ALL
      SELECT (SELECT min(scheme) FROM secrets WHERE scheme > schemes.name) FROM schemes
      WHERE schemes.name IS NOT NULL)
    SELECT name FROM schemes WHERE name IS NOT NULL
    """

  static func hashUses(
    besides known: Set<String>, _ db: Database
  ) throws(StoreError) -> [HashUse] {
    let schemes = try Query(db, Listing.schemes)
    var unknown: [String] = []
    while try schemes.step() {
      let scheme = try schemes.text(0)
      if !known.contains(scheme) { unknown.append(scheme) }
    }
    var uses: [HashUse] = []
    for scheme in unknown {
      let living = try Query(
        db,
        """
        SELECT count(*) FROM secrets s JOIN keys k ON k.prefix = s.prefix
        WHERE s.scheme = ? AND k.status IN ('active', 'suspended')
        """, [scheme])
      if try living.step(), living.int(0) > 0 {
        uses.append(HashUse(scheme: scheme, count: Int(living.int(0))))
      }
    }
    return uses
  }
}
