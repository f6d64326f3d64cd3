import CardeaPostgreSQL

/// Opens a source by what names it: a file of SQLite, or the URL of a PostgreSQL database.
enum SourceOpening {
  static func open(_ name: String) throws -> any SourceDatabase {
    let scheme = name.prefix { $0 != ":" }
    if ["postgres", "postgresql"].contains(scheme.lowercased()), scheme.count < name.count {
      let url: PostgreSQLURL
      do throws(PostgreSQLURL.Fault) { url = try PostgreSQLURL(name) } catch {
        throw CommandFailure.usage(error.problem, remedy: error.remedy, field: "source")
      }
      return try PostgreSQLSource(url)
    }
    // Named without the rest, which may hold a password.
    guard name.contains("://") else { return try SQLiteSource(path: name) }
    throw CommandFailure.usage(
      "nothing here reads a database of the scheme \(SafeText.line(String(scheme), limit: 40))",
      remedy: "Name a SQLite file, or postgres://USER@HOST:PORT/DATABASE.", field: "source")
  }
}
