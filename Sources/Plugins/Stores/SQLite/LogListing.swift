import CardeaContracts

/// The conditions, order and limit of a log's listing. Values are bound, never spliced.
struct LogListing {
  private var conditions: [String] = []
  private(set) var values: [any Bindable] = []
  private let order: String

  mutating func add(_ condition: String, _ value: any Bindable) {
    conditions.append(condition)
    values.append(value)
  }

  /// None of no values is among them.
  mutating func add(_ column: String, among some: [any Bindable]) {
    conditions.append("\(column) IN (\(some.map { _ in "?" }.joined(separator: ", ")))")
    values += some
  }

  /// - Parameters:
  ///   - number: the column of the number that listings go on by.
  ///   - action: the column of the entry's name.
  ///   - table: the log.
  init(_ filter: LogFilter, number: String, action: String, in table: String) {
    order =
      "ORDER BY \(number) \(filter.newestFirst ? "DESC" : "ASC") LIMIT \(max(filter.limit, 0))"
    if let after = filter.after { add("\(number) > ?", after) }
    if let before = filter.before { add("\(number) < ?", before) }
    if let keyID = filter.keyID { add("\(table).key_id = ?", keyID) }
    if let prefix = filter.prefix { add("\(table).prefix = ?", prefix) }
    if let names = filter.actions { add(action, among: names) }
    if let since = filter.since { add("\(table).at >= ?", since) }
    if let until = filter.until { add("\(table).at < ?", until) }
    for part in filter.payloadHolds { add("instr(\(table).payload, ?) > 0", part) }
  }

  var tail: String {
    (conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ") + " ") + order
  }
}
