/// What knows another system's tables.
protocol SourceReader {
  /// The subcommand's name, which stands in `imported_from` too.
  var name: String { get }
  /// Rows that ``keys(in:)`` will give.
  func total(in source: any SourceDatabase) throws -> Int
  /// Fails for a database of something else or of a version that is not known, before anything is written.
  func check(_ source: any SourceDatabase) throws
  func owners(in source: any SourceDatabase) throws -> SourceItems<SourceOwner>
  func keys(in source: any SourceDatabase) throws -> SourceItems<SourceKey>
  /// The log that the system kept itself; `nil` if there is none.
  func log(in source: any SourceDatabase) throws -> (any SourceLog)?
  /// What clients of that system need.
  var needs: ImportNeeds { get }
}

extension SourceReader {
  func log(in source: any SourceDatabase) -> (any SourceLog)? { nil }
}

extension CommandFailure {
  /// The database is of something else, or of a version that is not known.
  static func wrongSource(_ source: any SourceDatabase, _ problem: String) -> CommandFailure {
    .usage("\(source.name): \(problem)", remedy: "Nothing was changed.", field: "source")
  }
}
