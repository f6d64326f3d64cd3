import CardeaTestFixtures
import CardeaTestSupport
import Foundation

extension PostgreSQLServer {
  /// Makes a database with the tables of Django and of a package as Django's PostgreSQL backend makes them, and fills
  /// them with what a SQLite database holds.
  func create(_ database: String, tables package: String, from sqlite: String) throws {
    try create(database)
    var script = "SET TIME ZONE 'UTC';\n"
    for name in ["django", package] {
      script += String(
        decoding: try Fixture.data("Django/PostgreSQL/\(name).sql"), as: UTF8.self)
    }
    let tables = script.matches(of: /CREATE TABLE "(\w+)"/).map { String($0.1) }
    for table in tables {
      let columns = try Tool.run(
        "sqlite3", [sqlite, "SELECT group_concat(name) FROM pragma_table_info('\(table)')"]
      ).trimmingCharacters(in: .newlines)
      if columns.isEmpty { continue }
      let rows = try Tool.run("sqlite3", ["-csv", sqlite, "SELECT \(columns) FROM \(table)"])
      script += "COPY \(table) (\(columns)) FROM STDIN CSV;\n\(rows)\\.\n"
    }
    try run(script, in: database)
  }
}
