import CardeaLifecycle

/// Any table that keeps keys in clear.
struct PlainReader: SourceReader {
  let name = "plain"
  let table: String
  let keyColumn: String
  let ownerColumn: String?
  let activeColumn: String?
  let primitives: any Primitives
  let formats: AcceptedFormatNames

  var needs: ImportNeeds { ImportNeeds(schemes: ["Api-Key"], format: "plain") }

  func check(_ source: any SourceDatabase) throws {
    let columns = try source.columns(of: table)
    guard !columns.isEmpty else {
      throw CommandFailure.wrongSource(source, "it has no table \(table)")
    }
    for column in [keyColumn, ownerColumn, activeColumn].compactMap(\.self)
    where !columns.contains(column) {
      throw CommandFailure.wrongSource(
        source,
        "its table \(table) has no column \(column), only \(columns.joined(separator: ", "))")
    }
  }

  func total(in source: any SourceDatabase) throws -> Int { try source.count(table) }

  private func referred(_ source: any SourceDatabase) throws -> DjangoUsers? {
    try ownerColumn.flatMap { try DjangoUsers(source, of: table, column: $0) }
  }

  func owners(in source: any SourceDatabase) throws -> SourceItems<SourceOwner> {
    guard let ownerColumn else { return SourceItems { nil } }
    guard let users = try referred(source) else {
      let rows = try source.rows(
        """
        SELECT DISTINCT \(SQLName(ownerColumn)) FROM \(SQLName(table))
        WHERE \(SQLName(ownerColumn)) IS NOT NULL ORDER BY 1
        """)
      return SourceItems(rows, row: { _, number in "\(table).\(ownerColumn) \(number)" }) {
        (row, _) throws(RowFault) in
        SourceOwner(kind: .user, name: try row.text(0, ownerColumn))
      }
    }
    let rows = try source.rows(
      """
      SELECT \(users.columns("u")), u.\(SQLName(users.key)) FROM \(SQLName(users.table)) u
      WHERE u.\(SQLName(users.key)) IN (SELECT \(SQLName(ownerColumn)) FROM \(SQLName(table)))
      ORDER BY u.\(SQLName(users.key))
      """)
    let members = users.arePeople ? nil : try Members(source, of: users)
    return SourceItems {
      guard let row = try rows.next() else { return nil }
      let label = "\(users.table) \((try? row.text(3, "id")) ?? "")"
      let names = (try? row.text(3, "id")).flatMap { members?.of($0) } ?? []
      do throws(RowFault) {
        var owner = try users.owner(row, from: 0)
        owner.members = names
        return .record(owner)
      } catch { return .faulty(row: label, reason: error.reason) }
    }
  }

  func keys(in source: any SourceDatabase) throws -> SourceItems<SourceKey> {
    let users = try referred(source)
    let owner =
      users.map { "u.\(SQLName($0.name))" } ?? ownerColumn.map { "t.\(SQLName($0))" } ?? "NULL"
    let join = users.flatMap { users in
      ownerColumn.map {
        """
        LEFT JOIN \(SQLName(users.table)) u ON u.\(SQLName(users.key)) = t.\(SQLName($0))
        """
      }
    }
    let columns = try source.columns(of: table)
    let created = columns.first { ["created_at", "created", "date_created"].contains($0) }
    let number = columns.contains("id") && keyColumn != "id" ? "t.id" : "NULL"
    // Of two rows with one key the one that lets it in comes first, as a look-up for an active one finds it.
    let order = activeColumn.map { ", t.\(SQLName($0)) DESC" } ?? ""
    let rows = try source.rows(
      """
      SELECT t.\(SQLName(keyColumn)), \(owner), \(activeColumn.map { "t.\(SQLName($0))" } ?? "1"),
        \(created.map { "t.\(SQLName($0))" } ?? "NULL"), \(number)
      FROM \(SQLName(table)) t \(join ?? "") ORDER BY t.\(SQLName(keyColumn))\(order)
      """)
    let kind = users.map { $0.arePeople ? OwnerRecord.Kind.user : .organization } ?? .user
    return SourceItems(
      rows,
      row: { row, number in
        (try? row.text(4, "id")).map { "\(table) id \($0)" } ?? "\(table) number \(number) by key"
      }
    ) { [self] (row, label) throws(RowFault) in
      let text = try row.text(0, keyColumn)
      let plain = try PlainKey(text, primitives)
      try formats.checkUnclaimed(text)
      let owner = try row.optionalText(1, "owner")
      var key = SourceKey(
        row: "\(label) (\(plain.prefix))", seed: plain.hash, prefix: plain.prefix,
        name: owner ?? table, format: "plain", hash: plain.hash)
      key.owner = owner.map { OwnerReference(kind: kind, name: $0) }
      if try !row.boolean(2, activeColumn ?? "active") { key.status = .suspended }
      // A date of another shape is not worth a key.
      key.createdAt = try? row.optionalDate(3, "created")
      return key
    }
  }
}

/// The users of companies, by way of the table that links the two.
private final class Members {
  private let names: [String: [String]]

  init?(_ source: any SourceDatabase, of companies: DjangoUsers) throws {
    let link = "\(companies.table)_users"
    let columns = try source.columns(of: link)
    guard
      let company = try columns.first(where: {
        try source.reference(of: link, $0)?.table == companies.table
      }),
      let person = try columns.first(where: { column in
        try column != company && source.reference(of: link, column) != nil
      }), let users = try DjangoUsers(source, of: link, column: person)
    else { return nil }
    let rows = try source.rows(
      """
      SELECT l.\(SQLName(company)), u.\(SQLName(users.name)) FROM \(SQLName(link)) l
      JOIN \(SQLName(users.table)) u ON u.\(SQLName(users.key)) = l.\(SQLName(person)) ORDER BY 1, 2
      """)
    var names: [String: [String]] = [:]
    while let row = try rows.next() {
      names[try row.text(0, "company"), default: []].append(try row.text(1, "user"))
    }
    self.names = names
  }

  func of(_ company: String) -> [String]? { names[company] }
}
