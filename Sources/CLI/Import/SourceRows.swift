/// The rows of a query, one at a time.
protocol SourceRows: AnyObject {
  /// `nil` past the last, however often it is called.
  func next() throws -> SourceRow?
}
