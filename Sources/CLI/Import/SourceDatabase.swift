/// A database of another system, only ever read.
///
/// Threading: one task.
protocol SourceDatabase: AnyObject {
  /// How messages name it; never a password.
  var name: String { get }
  /// The names of its tables.
  func tables() throws -> [String]
  /// The columns of a table, in order; empty if there is no such table.
  func columns(of table: String) throws -> [String]
  /// The table and column that a column's foreign key refers to.
  func reference(of table: String, _ column: String) throws -> SourceReference?
  /// Runs a query. Names in it are quoted by ``SQLName``, and it holds no value from outside.
  func rows(_ sql: String) throws -> any SourceRows
}

extension SourceDatabase {
  func count(_ table: String) throws -> Int {
    try Int(rows("SELECT count(*) FROM \(SQLName(table))").next()?.integer(0, "count") ?? 0)
  }

  /// The table, if it has at least these columns.
  func has(_ table: String, _ columns: [String]) throws -> Bool {
    Set(columns).isSubset(of: Set(try self.columns(of: table)))
  }
}
