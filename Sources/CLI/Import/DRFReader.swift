import CardeaContracts

/// The tables of djangorestframework-api-key: its own, and those of a project's own key models, whose keys get the
/// table's name as their class.
struct DRFReader: SourceReader {
  let name = "drf-api-key"
  private static let standard = "rest_framework_api_key_apikey"
  private static let columns = [
    "id", "created", "name", "revoked", "expiry_date", "hashed_key", "prefix",
  ]
  private static let migrations = [
    "0001_initial", "0002_auto_20190529_2243", "0003_auto_20190623_1952",
    "0004_prefix_hashed_key", "0005_auto_20220110_1102",
  ]

  var needs: ImportNeeds { ImportNeeds(schemes: ["Api-Key"], format: "dotted") }

  private func tables(_ source: any SourceDatabase) throws -> [String] {
    try source.tables().filter { try source.has($0, DRFReader.columns) }
  }

  func check(_ source: any SourceDatabase) throws {
    guard try !tables(source).isEmpty else {
      throw CommandFailure.wrongSource(
        source,
        try source.columns(of: DRFReader.standard).isEmpty
          ? "it has no table of djangorestframework-api-key's keys"
          : "its table \(DRFReader.standard) is of a version before 1.4, which keeps no prefix")
    }
    try DjangoMigrations.check(
      source, app: "rest_framework_api_key", known: DRFReader.migrations)
  }

  func total(in source: any SourceDatabase) throws -> Int {
    try tables(source).reduce(0) { $0 + (try source.count($1)) }
  }

  func owners(in source: any SourceDatabase) -> SourceItems<SourceOwner> { SourceItems { nil } }

  func keys(in source: any SourceDatabase) throws -> SourceItems<SourceKey> {
    var parts = try tables(source).map { try keys(of: $0, in: source) }[...]
    return SourceItems {
      while let part = parts.first {
        if let item = try part.next() { return item }
        parts.removeFirst()
      }
      return nil
    }
  }

  private func keys(
    of table: String, in source: any SourceDatabase
  ) throws -> SourceItems<SourceKey> {
    let more = try source.columns(of: table).filter { !DRFReader.columns.contains($0) }
    let columns = ["created", "name", "revoked", "expiry_date", "hashed_key", "prefix"] + more
    let list = columns.map { "\(SQLName($0))" }.joined(separator: ", ")
    let rows = try source.rows("SELECT \(list) FROM \(SQLName(table)) ORDER BY prefix")
    return SourceItems(
      rows,
      row: { row, number in "\(table) \((try? row.text(5, "prefix")) ?? "number \(number)")" }
    ) { (row, label) throws(RowFault) in
      let prefix = try row.text(5, "prefix")
      var key = SourceKey(
        row: label, seed: "\(table) \(prefix)", prefix: "drf_\(prefix)",
        name: try row.text(1, "name"), format: "dotted", hash: try row.text(4, "hashed_key"))
      key.createdAt = try row.date(0, "created")
      if try row.boolean(2, "revoked") { key.status = .revoked }
      key.expiresAt = try row.optionalDate(3, "expiry_date")
      key.keyClass = table == DRFReader.standard ? "default" : table
      for (index, column) in more.enumerated() {
        if row.isNull(index + 6) { continue }
        // A project's own column is no reason to break a client.
        if let value = try? row.text(index + 6, column) {
          key.metadata[column] = .string(value)
        } else {
          key.notes.append("\(column) is no text and was left out")
        }
      }
      return key
    }
  }
}
