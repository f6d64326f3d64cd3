import CardeaTestFixtures
import Foundation
import Testing

/// A PostgreSQL server of the tests' own: a new cluster in a short folder, on a Unix socket only, gone with this
/// process however it ends.
final class PostgreSQLServer: Sendable {
  /// One for all tests; each makes databases of its own.
  private static let shared = Result { try PostgreSQLServer() }

  static func running() throws -> PostgreSQLServer { try shared.get() }

  /// Its socket and its log are here.
  let folder: String
  /// The server ends when this end is closed, by us or by our death.
  private let lifeline = Pipe()

  /// `initdb` and `postgres` refuse to run as root: then they are run as the user that Debian's package makes.
  /// Everyone on the socket is let in, but the role `locked` by its password only.
  private static let script = """
    PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
    folder=$1
    as() { "$@"; }
    if [ "$(id -u)" = 0 ]; then
      chown postgres "$folder"
      as() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
    fi
    cd "$folder" || exit 1
    trap 'as pg_ctl -D "$folder/data" -m immediate stop >/dev/null 2>&1; rm -rf "$folder"' EXIT
    {
      as initdb -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C -N &&
        echo 'local all locked scram-sha-256' | cat - "$folder/data/pg_hba.conf" >"$folder/hba" &&
        cat "$folder/hba" >"$folder/data/pg_hba.conf" &&
        as pg_ctl -D "$folder/data" -w -t 240 -l "$folder/log" start -o \\
          "-F -k $folder -c listen_addresses= -c log_statement=all -c log_line_prefix='<%a> '"
    } >"$folder/start" 2>&1 || { cat "$folder/start" "$folder/log"; exit 1; }
    echo ready
    cat >/dev/null
    """

  private init() throws {
    // A socket's path has room for 107 bytes, whatever TMPDIR is.
    folder = "/tmp/cpg-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o755])
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", PostgreSQLServer.script, "sh", folder]
    let said = Pipe()
    process.standardInput = lifeline
    process.standardOutput = said
    try process.run()
    var text = ""
    while !text.hasSuffix("ready\n") {
      let data = said.fileHandleForReading.availableData
      if data.isEmpty { throw Missing(reason: text) }
      text += String(decoding: data, as: UTF8.self)
    }
  }

  /// Not one of the testing library's own errors, which count once however many tests they keep from running.
  struct Missing: Error, CustomStringConvertible {
    let reason: String
    var description: String {
      "PostgreSQL, which scripts/setup test installs, does not start: \(reason)"
    }
  }

  /// The URL of a database for the role that may do everything.
  func url(_ database: String) -> String { "postgres://postgres@/\(database)?host=\(folder)" }

  /// What was logged, a line for each statement that begins with its program in angle brackets.
  func log() throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: "\(folder)/log")), as: UTF8.self)
  }

  /// Runs SQL, and `COPY` with its data, in one transaction.
  func run(_ sql: String, in database: String) throws {
    try Tool.run(
      "psql", ["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", url(database)], input: sql)
  }

  /// Makes a database of that name, empty.
  func create(_ database: String) throws {
    try Tool.run(
      "psql", ["-X", "-q", "-d", url("postgres"), "-c", "CREATE DATABASE \"\(database)\""])
  }

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
