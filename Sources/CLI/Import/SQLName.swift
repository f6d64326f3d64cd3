/// A name in SQL, quoted as both SQLite and PostgreSQL read it.
struct SQLName: CustomStringConvertible {
  let name: String
  init(_ name: String) { self.name = name }
  var description: String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }
}
