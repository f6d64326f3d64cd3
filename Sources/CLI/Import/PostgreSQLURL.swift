import CPostgreSQL

/// `postgres://user@host:port/database`, as libpq reads it (PostgreSQL manual, section *Connection URIs*).
struct PostgreSQLURL {
  let text: String
  /// The same without the password and whatever else it says, for messages.
  let shown: String

  init(_ text: String) throws(CommandFailure) {
    // An @ that is not encoded would make libpq take the end of a password for the host, and name it.
    let authority = text.utf8.drop { $0 != UInt8(ascii: "/") }.dropFirst(2)
      .prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
    let signs = text.utf8.count { $0 == UInt8(ascii: "@") }
    guard text.utf8.starts(with: "postgres".utf8), text.contains("://"),
      signs == 0 || signs == 1 && authority.contains(UInt8(ascii: "@")),
      let options = PostgreSQLURL.options(of: text),
      // Else libpq would repeat what stands in the port's place, which may be a password.
      options["port"].map({ UInt16($0) != nil }) ?? true
    else { throw PostgreSQLURL.unreadable }
    self.text = text
    let host = options["host"] ?? options["hostaddr"] ?? ""
    var shown = "postgres://" + (options["user"].map { "\($0)@" } ?? "")
    let isSocket = host.hasPrefix("/")
    if !isSocket { shown += host + (options["port"].map { ":\($0)" } ?? "") }
    shown += "/" + (options["dbname"] ?? "")
    self.shown = isSocket ? "\(shown)?host=\(host)" : shown
  }

  /// libpq's own words may repeat what it could not read.
  private static var unreadable: CommandFailure {
    .usage(
      "the URL of the PostgreSQL database can't be read",
      remedy: """
        Write postgres://USER@HOST:PORT/DATABASE, or postgres:///DATABASE?host=/SOCKET/FOLDER. In a name, \
        write @ as %40, / as %2F and ? as %3F. The password is best left to PGPASSWORD or ~/.pgpass.
        """, field: "source")
  }

  private static func options(of text: String) -> [String: String]? {
    var complaint: UnsafeMutablePointer<CChar>?
    guard let parsed = PQconninfoParse(text, &complaint) else {
      PQfreemem(complaint)
      return nil
    }
    defer { PQconninfoFree(parsed) }
    var options: [String: String] = [:]
    var option = parsed
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val {
        options[String(cString: keyword)] = String(cString: value)
      }
      option += 1
    }
    return options
  }
}
