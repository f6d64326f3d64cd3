/// The log that another system kept of its keys.
protocol SourceLog {
  /// The node of the access log that its rows belong to: one for each database.
  var node: String { get }
  func count(through number: Int64) throws -> Int
  func count(after number: Int64) throws -> Int
  /// Rows in the order of their numbers.
  func rows(after number: Int64) throws -> () throws -> (
    number: Int64, item: SourceItem<SourceLogRow>
  )?
}
