import Foundation

/// PgBouncer before a server of the tests', in transaction mode: a connection of the server's belongs to a client
/// for the length of a transaction only. Gone with this process however it ends.
public final class PgBouncer: Sendable {
  /// Of TCP, on 127.0.0.1.
  public let port: Int
  private let shell: ShellKeeper
  private let folder: String

  /// - Parameters:
  ///   - server: clients log in with the password of ``PostgreSQLServer/role``, and are logged in with it.
  ///   - connections: how many of the server's it uses at most, for each database.
  public init(before server: PostgreSQLServer, connections: Int = 20) throws {
    folder = "/tmp/cpb-\(UUID().uuidString.prefix(8))"
    shell = try ShellKeeper(folder: folder, script: PgBouncer.script)
    var ports = (0..<20).map { _ in Int.random(in: 20_000..<32_000) }
    while true {
      let port = ports.removeLast()
      let settings = """
        [databases]
        %include \(folder)/databases.ini
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = \(port)
        unix_socket_dir =
        auth_type = scram-sha-256
        auth_file = \(folder)/users
        logfile = \(folder)/log
        pidfile = \(folder)/pid
        pool_mode = transaction
        default_pool_size = \(connections)
        max_client_conn = 1000
        ignore_startup_parameters = extra_float_digits
        """
      try settings.write(toFile: "\(folder)/pgbouncer.ini", atomically: true, encoding: .utf8)
      try "\"\(PostgreSQLServer.role)\" \"\(PostgreSQLServer.password)\"\n".write(
        toFile: "\(folder)/users", atomically: true, encoding: .utf8)
      try PgBouncer.write(["*": server], in: folder)
      do { try shell.run("start") } catch let failure as ShellKeeper.Failure {
        guard failure.said.contains("in use"), !ports.isEmpty else { throw failure }
        continue
      }
      self.port = port
      return
    }
  }

  /// Where databases of a name are; `*` is all others.
  private static func write(_ servers: [String: PostgreSQLServer], in folder: String) throws {
    let lines = servers.map { "\($0.key) = host=127.0.0.1 port=\($0.value.port)\n" }
    try lines.joined().write(
      toFile: "\(folder)/databases.ini", atomically: true, encoding: .utf8)
  }

  /// Goes on with another server. Its clients keep their connections, and notice nothing.
  public func lead(_ database: String, to server: PostgreSQLServer) throws {
    try PgBouncer.write([database: server, "*": server], in: folder)
    try shell.run("reload")
    let url = server.url(database, through: [port])
    let asked = ["-X", "-q", "-A", "-t", "-d", url, "-c", "SELECT inet_server_port()"]
    while try Tool.run("psql", asked).trimmingCharacters(in: .newlines) != "\(server.port)" {}
  }

  /// It refuses to run as root.
  private static let script = """
    PATH=$PATH:/usr/sbin
    as() { "$@"; }
    if [ "$(id -u)" = 0 ]; then
      chown postgres "$1"
      as() { HOME=$folder setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
    fi
    start() {
      rm -f log
      as pgbouncer -q -d pgbouncer.ini || return
      until grep -qs 'process up' log; do
        ! grep -E 'FATAL|ERROR' log || return 1
        sleep 0.02
      done
    }
    reload() { kill -HUP "$(cat pid)"; }
    clean() { kill -9 "$(cat pid)"; }
    """
}
