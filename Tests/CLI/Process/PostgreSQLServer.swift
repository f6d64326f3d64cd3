import CardeaTestFixtures
import Foundation
import Testing

/// A PostgreSQL server of the tests' own: a new cluster in a short folder, on a Unix socket and a port of this
/// machine's, with TLS under a certificate that it signed itself, gone with this process however it ends.
final class PostgreSQLServer: Sendable {
  /// One for all tests; each makes databases of its own.
  private static let shared = Result { try PostgreSQLServer() }

  static func running() throws -> PostgreSQLServer { try shared.get() }

  /// Its socket, its log and its certificate, `cert.pem`, are here.
  let folder: String
  /// Of TCP, on 127.0.0.1; the socket is named for it too.
  let port: Int
  /// The server ends when this end is closed, by us or by our death.
  private let lifeline = Pipe()

  /// `initdb` and `postgres` refuse to run as root: then they are run as the user that Debian's package makes.
  /// Everyone on the socket is let in, but the role `locked` by its password only. Over TCP roles need their
  /// password, and `sealed` TLS too. The port is the first of those given that is free.
  private static let script = """
    PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
    folder=$1
    shift
    as() { "$@"; }
    if [ "$(id -u)" = 0 ]; then
      chown postgres "$folder"
      as() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
    fi
    cd "$folder" || exit 1
    trap 'as pg_ctl -D "$folder/data" -m immediate stop >/dev/null 2>&1; rm -rf "$folder"' EXIT
    {
      as initdb -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C -N &&
        printf '%s\\n' 'local all locked scram-sha-256' 'local all all trust' \\
          'hostnossl all sealed all reject' 'host all all all scram-sha-256' \\
          >"$folder/data/pg_hba.conf" &&
        as openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \\
          -subj /CN=cardea-test -addext subjectAltName=IP:127.0.0.1 \\
          -keyout "$folder/data/key.pem" -out "$folder/data/cert.pem" &&
        chmod 600 "$folder/data/key.pem" && cp "$folder/data/cert.pem" "$folder/cert.pem" &&
        for port in "$@"; do
          as pg_ctl -D "$folder/data" -w -t 240 -l "$folder/log" start -o \\
            "-F -k $folder -p $port -c listen_addresses=127.0.0.1 -c log_statement=all \\
            -c log_line_prefix='<%a> ' -c password_encryption=scram-sha-256 -c ssl=on \\
            -c ssl_cert_file=cert.pem -c ssl_key_file=key.pem" && break
          grep -q 'Address already in use' "$folder/log" || break
        done && as pg_ctl -D "$folder/data" status
    } >"$folder/start" 2>&1 || { cat "$folder/start" "$folder/log"; exit 1; }
    echo "port $port"
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
    process.arguments =
      ["-c", PostgreSQLServer.script, "sh", folder]
      + (0..<20).map { _ in "\(Int.random(in: 20_000..<32_000))" }
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
    guard let port = text.firstMatch(of: /port ([0-9]+)\n/).flatMap({ Int($0.1) }) else {
      throw Missing(reason: text)
    }
    self.port = port
  }

  /// Not one of the testing library's own errors, which count once however many tests they keep from running.
  struct Missing: Error, CustomStringConvertible {
    let reason: String
    var description: String {
      "PostgreSQL, which scripts/setup test installs, does not start: \(reason)"
    }
  }

  /// The URL of a database for the role that may do everything.
  func url(_ database: String) -> String { "postgres://postgres@/\(database)?\(socket)" }

  /// What names its socket in a URL.
  var socket: String { "host=\(folder)&port=\(port)" }

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
