import CardeaContracts
import Foundation

/// A PostgreSQL server of the tests' own: a new cluster in a short folder, on a Unix socket and a port of this
/// machine's, with TLS under a certificate that it signed itself, gone with this process however it ends.
///
/// Everyone on the socket is let in as anyone, but the role `locked` by its password only. Over TCP roles need their
/// password, and the role `sealed` TLS too. Two roles are there from the beginning: ``role``, which may make
/// databases, and one for replication.
///
/// It stands in for a server that fails: it can be stopped without warning, followed by a standby and
/// promoted. Calls block, for some seconds at most.
public final class PostgreSQLServer: Sendable {
  /// One for all tests that leave the server as it is; each makes databases of its own.
  private static let shared = Result { try PostgreSQLServer() }

  public static func running() throws -> PostgreSQLServer { try shared.get() }

  /// A role that logs in over TCP and owns what ``create(_:)`` makes.
  public static let role = "cardea"
  public static let password = "open sesame"

  /// Its socket, its log and its certificate, `cert.pem`, are here.
  public let folder: String
  /// Of TCP, on 127.0.0.1; the socket is named for it too.
  public let port: Int
  private let shell: ShellKeeper
  private let isSynced: Bool
  /// Whether ``template`` is there.
  private let hasTemplate = Locked(false)

  /// How a server is stopped (`pg_ctl stop -m`).
  public enum StopMode: String, Sendable {
    /// Connections are closed, transactions rolled back, and what is on the disk is in order.
    case fast
    /// As if the power had failed, but for what the system has not yet written.
    case immediate
  }

  /// A server with nothing in it.
  /// - Parameters:
  ///   - settings: as in `postgresql.conf`, quoted where they have to be there; besides those it has.
  ///   - isSynced: whether what it commits goes to a disk; else it is kept in memory, where there is room.
  public convenience init(settings: [String: String] = [:], isSynced: Bool = false) throws {
    try self.init(settings: settings, isSynced: isSynced, "initialize")
    for statement in [
      "CREATE ROLE \(PostgreSQLServer.role) LOGIN CREATEDB PASSWORD '\(PostgreSQLServer.password)'",
      "CREATE ROLE replicator LOGIN REPLICATION PASSWORD '\(PostgreSQLServer.password)'",
    ] { try query(statement) }
  }

  /// A standby: a copy of the primary, which it follows by streaming.
  /// - Parameters:
  ///   - primary: has to be running.
  ///   - name: its `application_name`, by which `synchronous_standby_names` knows it.
  ///   - port: where it reaches the primary, if there is a ``FaultProxy`` between them.
  public convenience init(
    following primary: PostgreSQLServer, name: String = "standby", through port: Int? = nil,
    settings: [String: String] = [:]
  ) throws {
    try self.init(
      settings: settings, isSynced: primary.isSynced,
      PostgreSQLServer.copying(primary, name: name, through: port))
  }

  private init(settings: [String: String], isSynced: Bool, _ fill: String) throws {
    self.isSynced = isSynced
    // A socket's path has room for 107 bytes, whatever TMPDIR is.
    let place = isSynced ? "/tmp" : PostgreSQLServer.fastest
    folder = "\(place)/cpg-\(UUID().uuidString.prefix(8))"
    shell = try ShellKeeper(folder: folder, script: PostgreSQLServer.script)
    var ports = (0..<20).map { _ in Int.random(in: 20_000..<32_000) }
    do {
      try shell.run("prepare")
      try shell.run(fill)
      while true {
        let port = ports.removeLast()
        try shell.run(
          PostgreSQLServer.configuring(folder, port: port, isSynced: isSynced, settings))
        do { try shell.run("control start") } catch let failure as ShellKeeper.Failure {
          guard failure.said.contains("Address already in use"), !ports.isEmpty else {
            throw failure
          }
          continue
        }
        self.port = port
        return
      }
    } catch {
      throw Missing(reason: "\(error)")
    }
  }

  /// Not one of the testing library's own errors, which count once however many tests they keep from running.
  public struct Missing: Error, CustomStringConvertible {
    let reason: String
    public var description: String {
      "PostgreSQL, which scripts/setup test installs, does not start: \(reason)"
    }
  }

  /// `initdb` and `postgres` refuse to run as root: then they are run as the user that Debian's package makes.
  private static let script = """
    PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
    as() { "$@"; }
    if [ "$(id -u)" = 0 ]; then
      as() { HOME=$folder setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
    fi
    control() { as pg_ctl -D "$folder/data" -w -t 240 -l "$folder/log" "$@" || { cat "$folder/log"; false; }; }
    prepare() {
      [ "$(id -u)" != 0 ] || chown postgres "$folder"
    }
    initialize() {
      as initdb -D data -U postgres -A trust -E UTF8 --locale=C -N &&
        printf '%s\\n' 'local all locked scram-sha-256' 'local all all trust' \\
          'hostnossl all sealed all reject' 'host all all all scram-sha-256' \\
          'host replication replicator all scram-sha-256' >data/pg_hba.conf &&
        as openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \\
          -subj /CN=cardea-test -addext subjectAltName=IP:127.0.0.1,DNS:localhost \\
          -keyout data/key.pem -out data/cert.pem &&
        chmod 600 data/key.pem && cp data/cert.pem cert.pem &&
        echo "include 'tests.conf'" >>data/postgresql.conf
    }
    copy() {
      rm -rf data
      as pg_basebackup -D data -d "$1" -R -X stream -c fast && cp data/cert.pem cert.pem
    }
    clean() { control -m immediate stop; }
    """

  private static func copying(
    _ primary: PostgreSQLServer, name: String, through port: Int?
  ) -> String {
    "copy "
      + ShellKeeper.quoted(
        "host=127.0.0.1 port=\(port ?? primary.port) user=replicator password='\(password)' "
          + "application_name=\(name)")
  }

  /// Where the system keeps files in memory, if it has room for some servers.
  private static let fastest: String = {
    let memory = "/dev/shm"
    let room = try? FileManager.default.attributesOfFileSystem(forPath: memory)[.systemFreeSize]
    let isRoomy = (room as? NSNumber)?.int64Value ?? 0 > 4 << 30
    return isRoomy && FileManager.default.isWritableFile(atPath: memory) ? memory : "/tmp"
  }()

  private static func configuring(
    _ folder: String, port: Int, isSynced: Bool, _ settings: [String: String]
  ) -> String {
    let base = [
      "unix_socket_directories = '\(folder)'", "port = \(port)", "listen_addresses = '127.0.0.1'",
      "fsync = \(isSynced ? "on" : "off")", "max_wal_size = 256MB", "log_statement = all",
      "log_line_prefix = '<%a> '",
      "password_encryption = scram-sha-256", "ssl = on", "ssl_cert_file = 'cert.pem'",
      "ssl_key_file = 'key.pem'", "max_connections = 200",
    ]
    let lines = base + settings.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }
    return "printf '%s\\n' " + lines.map(ShellKeeper.quoted).joined(separator: " ")
      + " >data/tests.conf"
  }

  // MARK: What happens to it

  /// Starts it where it was stopped.
  public func start() throws { try shell.run("control start") }

  public func stop(_ mode: StopMode = .fast) throws {
    try shell.run("control -m \(mode.rawValue) stop")
  }

  public func restart(_ mode: StopMode = .fast) throws {
    try shell.run("control -m \(mode.rawValue) restart")
  }

  /// Replaces the settings that it was made with. They hold when this returns, but for those that need a restart.
  public func configure(_ settings: [String: String]) throws {
    let loaded = "SELECT pg_conf_load_time()"
    let before = try query(loaded)
    try shell.run(
      PostgreSQLServer.configuring(folder, port: port, isSynced: isSynced, settings))
    try shell.run("control reload")
    while try query(loaded) == before {}
  }

  /// As if its disk were full: no file grows past so many bytes; `nil` is any number. A limit within a page has the
  /// server write half of it, which it takes for a full disk.
  public func limitFiles(to bytes: Int?) throws {
    let limit = bytes.map { "\($0)" } ?? "unlimited"
    try shell.run(
      "first=$(head -n 1 data/postmaster.pid); "
        + "for process in $first $(pgrep -P $first); do "
        // Of the server's own processes some end by themselves.
        + "as prlimit --pid $process --fsize=\(limit): || ! kill -0 $process; done"
    )
  }

  /// Makes a standby the primary; it takes writes when this returns.
  public func promote() throws { try shell.run("control promote") }

  /// Has a stopped server begin again as a standby of another, with a copy of what that one has.
  public func follow(
    _ primary: PostgreSQLServer, name: String = "standby", through other: Int? = nil,
    settings: [String: String] = [:]
  ) throws {
    try shell.run(PostgreSQLServer.copying(primary, name: name, through: other))
    try shell.run(
      PostgreSQLServer.configuring(folder, port: port, isSynced: isSynced, settings))
    try start()
  }

  // MARK: How it is reached

  /// The URL of a database for the role that may do everything, on the socket.
  public func url(_ database: String) -> String { "postgres://postgres@/\(database)?\(socket)" }

  /// What names its socket in a URL.
  public var socket: String { "host=\(folder)&port=\(port)" }

  /// The URL of a database for ``role`` over TCP.
  /// - Parameters:
  ///   - ports: on 127.0.0.1, in the order in which they are tried: of servers, proxies and poolers. Its own if
  ///     there is none.
  ///   - parameters: as in a URL's query, such as `target_session_attrs=read-write`.
  public func url(
    _ database: String, through ports: [Int], _ parameters: [String] = []
  ) -> String {
    let hosts = (ports.isEmpty ? [port] : ports).map { "127.0.0.1:\($0)" }
    let password = PostgreSQLServer.password.replacingOccurrences(of: " ", with: "%20")
    return "postgres://\(PostgreSQLServer.role):\(password)@\(hosts.joined(separator: ","))"
      + "/\(database)"
      + (parameters.isEmpty ? "" : "?" + parameters.joined(separator: "&"))
  }

  /// Its certificate, which is its own root: `sslrootcert` for `sslmode=verify-full`.
  public var certificate: String { "\(folder)/cert.pem" }

  /// What was logged, a line for each statement that begins with its program in angle brackets.
  public func log() throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: "\(folder)/log")), as: UTF8.self)
  }

  // MARK: What is in it

  /// Runs SQL, and `COPY` with its data, in one transaction.
  public func run(_ sql: String, in database: String) throws {
    try Tool.run(
      PostgreSQLServer.psql, ["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", url(database)],
      input: sql)
  }

  /// Runs one statement; a line for each row of what it gives, with `|` between columns.
  @discardableResult
  public func query(_ sql: String, in database: String = "postgres") throws -> String {
    try Tool.run(
      PostgreSQLServer.psql,
      ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url(database), "-c", sql]
    ).trimmingCharacters(in: .newlines)
  }

  /// The program itself: what Debian has in the path takes longer to find it than most queries take.
  private static let psql: String = {
    let versions = URL(filePath: "/usr/lib/postgresql")
    let found = (try? FileManager.default.contentsOfDirectory(atPath: versions.path)) ?? []
    let newest = found.max { $0.localizedStandardCompare($1) == .orderedAscending }
    let program = newest.map { versions.appending(path: "\($0)/bin/psql").path }
    return program.flatMap { FileManager.default.isExecutableFile(atPath: $0) ? $0 : nil } ?? "psql"
  }()

  /// Makes a database of that name, empty, which belongs to ``role``.
  public func create(_ database: String) throws {
    try query("CREATE DATABASE \"\(database)\" OWNER \(PostgreSQLServer.role)")
  }

  /// Makes one that has Cardea's tables already: a copy is made in less time than the tables are.
  public func createWithTables(_ database: String) throws {
    let template = PostgreSQLServer.template
    try hasTemplate.withLock { isThere in
      if isThere { return }
      try create(template)
      let schema = try String(contentsOf: PostgreSQLServer.schema, encoding: .utf8)
      try run("SET ROLE \(PostgreSQLServer.role);\n\(schema)", in: template)
      isThere = true
    }
    try query(
      "CREATE DATABASE \"\(database)\" OWNER \(PostgreSQLServer.role) TEMPLATE \(template)")
  }

  private static let template = "tables"
  private static let schema = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Sources/Plugins/Stores/PostgreSQL/schema.sql").standardized

  /// Waits until a standby has everything that its primary has committed by now.
  public func waitUntilCaughtUp(with primary: PostgreSQLServer) throws {
    let end = try primary.query("SELECT pg_current_wal_lsn()")
    while try query("SELECT pg_last_wal_replay_lsn() >= '\(end)'") != "t" {}
  }
}
