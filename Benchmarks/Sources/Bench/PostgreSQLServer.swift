import BenchSupport
import Foundation

/// A PostgreSQL server of the benchmark's own, gone with this process.
final class PostgreSQLServer {
  let port: Int
  private let folder: String
  private let lifeline = Pipe()
  private let process = Process()

  /// As `initdb` leaves it but for the size of its caches: `fsync` is on.
  private static let script = """
    PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
    mkdir -p "$1"
    as() { "$@"; }
    if [ "$(id -u)" = 0 ]; then
      chown postgres "$1"
      as() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
    fi
    cd "$1"
    trap 'as pg_ctl -s -D "$1/data" -m immediate stop >/dev/null 2>&1; rm -rf "$1"' EXIT
    if [ "$3" ]; then
      as pg_basebackup -D "$1/data" -d "$3" -R -X stream -c fast
    else
      as initdb -D "$1/data" -U postgres -A trust -E UTF8 --locale=C >/dev/null
    fi && as pg_ctl -s -w -D "$1/data" -l "$1/log" start -o \\
        "-k $1 -p $2 -c listen_addresses=127.0.0.1 -c shared_buffers=2GB -c max_wal_size=8GB \\
        -c maintenance_work_mem=1GB $4" >/dev/null && echo ready
    cat >/dev/null
    """

  /// - Parameters:
  ///   - primary: whom it follows as a standby.
  ///   - settings: besides those that it has: `name=value`.
  init(
    port: Int = 8471, following primary: PostgreSQLServer? = nil, settings: [String] = []
  ) throws {
    self.port = port
    folder = "/tmp/cardea-bench-pg-\(ProcessInfo.processInfo.processIdentifier)-\(port)"
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
      "-c", PostgreSQLServer.script, "sh", folder, "\(port)", primary?.url("postgres") ?? "",
      settings.map { "-c \($0)" }.joined(separator: " "),
    ]
    let output = Pipe()
    process.standardInput = lifeline
    process.standardOutput = output
    try process.run()
    guard !output.fileHandleForReading.availableData.isEmpty else {
      throw BenchError.failed("PostgreSQL does not start (scripts/setup bench installs it)")
    }
  }

  deinit {
    try? lifeline.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// The server's first process, which all others of it are children of.
  var pid: Int32? {
    let file = try? String(contentsOfFile: "\(folder)/data/postmaster.pid", encoding: .utf8)
    return file?.split(separator: "\n").first.flatMap { Int32($0) }
  }

  func url(_ database: String) -> String { "postgres://postgres@127.0.0.1:\(port)/\(database)" }

  @discardableResult
  func query(_ sql: String, in database: String = "postgres") throws -> String {
    try Programs.output(
      "/usr/bin/env", ["psql", "-X", "-q", "-A", "-t", "-d", url(database), "-c", sql]
    ).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Transactions that were committed in a database, statements that ran in it, and those of them that looked a key up;
  /// for a server with `pg_stat_statements`.
  func counts(of database: String) throws -> (transactions: Int, statements: Int, lookups: Int) {
    let counts = try query(
      """
      SELECT d.xact_commit, coalesce(sum(s.calls), 0),
        coalesce(sum(s.calls) FILTER (WHERE s.query LIKE 'SELECT k.id, k.prefix%'), 0)
      FROM pg_stat_database d LEFT JOIN pg_stat_statements s ON s.dbid = d.datid
      WHERE d.datname = '\(database)' GROUP BY d.xact_commit
      """
    ).split(separator: "|").compactMap { Int($0) }
    guard counts.count == 3 else { throw BenchError.failed("PostgreSQL counts nothing") }
    return (counts[0], counts[1], counts[2])
  }

  /// Processor time that the sessions for lookups have had, by the system's ticks of a hundredth of a second.
  func lookupNanoseconds(in database: String) throws -> Double {
    let sessions = try query(
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'cardea lookups' AND datname = current_database()",
      in: database)
    var ticks = 0
    for session in sessions.split(separator: "\n") {
      let status = try String(contentsOfFile: "/proc/\(session)/stat", encoding: .utf8)
      // proc(5): the 14th and 15th field, utime and stime; the second is in brackets.
      let fields = status.split(separator: ")").last?.split(separator: " ") ?? []
      ticks += fields.dropFirst(11).prefix(2).compactMap { Int($0) }.reduce(0, +)
    }
    return Double(ticks) * 1e9 / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// Ends it without warning.
  func kill() throws { try signal("kill -9") }

  /// Lets every process of it stand still, or go on.
  func halt() throws { try signal("kill -STOP") }
  func goOn() throws { try signal("kill -CONT") }

  /// Makes a standby the primary; it takes writes when this returns.
  func promote() throws { try query("SELECT pg_promote(true)") }

  /// To the server's first process, and so that it starts no other meanwhile, before its children.
  private func signal(_ kill: String) throws {
    _ = try Programs.output(
      "/bin/sh",
      [
        "-c", "first=$(head -n 1 \"$1/data/postmaster.pid\"); \(kill) $first $(pgrep -P $first)",
        "sh", folder,
      ])
  }
}
