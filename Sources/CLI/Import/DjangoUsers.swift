import CardeaContracts

/// The users that a table's column refers to, whatever their model: Django's own or a project's.
struct DjangoUsers {
  let table: String
  /// The users' primary key.
  let key: String
  /// The column with the name: `username`, else `email`, else `name`.
  let name: String
  let isActive: String?
  let joined: String?

  /// `nil` if the column refers to no table with names.
  init?(_ source: any SourceDatabase, of table: String, column: String) throws {
    guard let reference = try source.reference(of: table, column) else { return nil }
    let columns = try source.columns(of: reference.table)
    guard let name = ["username", "email", "name"].first(where: columns.contains) else {
      return nil
    }
    self.table = reference.table
    key = reference.column
    self.name = name
    isActive = columns.contains("is_active") ? "is_active" : nil
    joined = columns.contains("date_joined") ? "date_joined" : nil
  }

  /// Whether these are people, rather than companies and the like.
  var arePeople: Bool { name != "name" }

  /// `name, is_active, date_joined` of the alias, what there is not as a constant.
  func columns(_ alias: String) -> String {
    """
    \(alias).\(SQLName(name)), \(isActive.map { "\(alias).\(SQLName($0))" } ?? "1"), \
    \(joined.map { "\(alias).\(SQLName($0))" } ?? "NULL")
    """
  }

  /// The owner of a row of ``columns(_:)`` that begins at `first`.
  func owner(_ row: SourceRow, from first: Int) throws(RowFault) -> SourceOwner {
    SourceOwner(
      kind: arePeople ? .user : .organization, name: try row.text(first, name),
      isInactive: try !row.boolean(first + 1, "is_active"),
      createdAt: try row.optionalDate(first + 2, "date_joined"))
  }
}
