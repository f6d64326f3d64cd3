import CPostgreSQL
import CardeaContracts

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// `postgres://user@host:port/database`, as libpq reads it (PostgreSQL manual, section *Connection URIs*), with some
/// parameters of the store's own behind the `?`:
///
/// | parameter | default | what it says |
/// |---|---|---|
/// | `pooler` | `none` | `transaction`: a pooler such as PgBouncer stands between, in transaction mode |
/// | `lookups` | `2` | connections for lookups, 1 to 16; many lookups share one |
/// | `lookup_deadline` | `200ms` | after which a request is denied because its key can't be looked up |
/// | `change_deadline` | `5s` | after which a change is given up, its outcome unknown |
/// | `history` | `primary` | `standby`: the logs are listed from a standby, if the URL names one |
///
/// Several hosts, `postgres://user@one:5432,two:5432/database`, are tried at once, and the first that takes changes is it.
public struct PostgreSQLURL: Sendable, Equatable {
  /// What libpq reads.
  public let connection: String
  /// The same without the password and whatever else it says, for messages.
  public let shown: String
  /// Whether whoever stands between could answer in the server's place: a host is on another machine, and `sslmode` is
  /// not `verify-full` (PostgreSQL manual, "Protection Provided in Different Modes").
  public let isExposed: Bool
  /// The hosts that it names, each by libpq's parameters.
  let hosts: [[String: String]]
  var hasPooler = false
  var lookups = 2
  var lookupDeadline = Duration.milliseconds(200)
  var changeDeadline = Duration.seconds(5)
  var listsFromStandby = false

  /// What is wrong with a URL, without repeating any of it that may be a password.
  public struct Fault: Error, Sendable, Equatable {
    public let problem: String
    public let remedy: String
  }

  public init(_ text: String) throws(Fault) {
    let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let pairs =
      parts.count == 2
      ? parts[1].split(separator: "&", omittingEmptySubsequences: false) : []
    var rest: [Substring] = []
    var own: [(name: String, value: String)] = []
    for pair in pairs {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(sides[0])
      if PostgreSQLURL.names.contains(name) {
        own.append((name, sides.count == 2 ? String(sides[1]) : ""))
      } else {
        rest.append(pair)
      }
    }
    connection = String(parts[0]) + (rest.isEmpty ? "" : "?" + rest.joined(separator: "&"))
    // An @ that is not encoded would make libpq take the end of a password for the host, and name it.
    let authority = connection.utf8.drop { $0 != UInt8(ascii: "/") }.dropFirst(2)
      .prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
    let signs = connection.utf8.count { $0 == UInt8(ascii: "@") }
    guard connection.utf8.starts(with: "postgres".utf8), connection.contains("://"),
      signs == 0 || signs == 1 && authority.contains(UInt8(ascii: "@")),
      let options = PostgreSQLURL.options(of: connection),
      // Else libpq would repeat what stands in the port's place, which may be a password.
      options["port"].map({ $0.split(separator: ",").allSatisfy { UInt16($0) != nil } }) ?? true
    else {
      throw Fault(
        problem: "the URL of the PostgreSQL database can't be read",
        remedy: """
          Write postgres://USER@HOST:PORT/DATABASE, or postgres:///DATABASE?host=/SOCKET/FOLDER. In a name, \
          write @ as %40, / as %2F and ? as %3F. The password is best left to PGPASSWORD or ~/.pgpass.
          """)
    }
    let host = options["host"] ?? options["hostaddr"] ?? ""
    hosts = PostgreSQLURL.hosts(options)
    let mode = options["sslmode"] ?? getenv("PGSSLMODE").map { String(cString: $0) }
    isExposed = mode != "verify-full" && hosts.contains { PostgreSQLURL.isFar($0) }
    var shown = "postgres://" + (options["user"].map { "\($0)@" } ?? "")
    let isSocket = host.hasPrefix("/")
    if !isSocket { shown += PostgreSQLURL.places(host, options["port"]) }
    shown += "/" + (options["dbname"] ?? "")
    self.shown = isSocket ? "\(shown)?host=\(host)" : shown
    for (name, value) in own { try take(name, value) }
  }

  private static let names: Set<String> = [
    "pooler", "lookups", "lookup_deadline", "change_deadline", "history",
  ]

  private mutating func take(_ name: String, _ value: String) throws(Fault) {
    func fault(_ remedy: String) -> Fault {
      Fault(problem: "\(name) in the URL of the PostgreSQL database can't be read", remedy: remedy)
    }
    switch (name, value) {
    case ("pooler", "none"): hasPooler = false
    case ("pooler", "transaction"): hasPooler = true
    case ("pooler", _): throw fault("Write none or transaction.")
    case ("history", "primary"): listsFromStandby = false
    case ("history", "standby"): listsFromStandby = true
    case ("history", _): throw fault("Write primary or standby.")
    case ("lookups", _):
      guard let count = DecimalText.parse(value.utf8), (1...16).contains(count) else {
        throw fault("Write a whole number from 1 to 16.")
      }
      lookups = count
    default:
      guard case .finite(let deadline)? = DurationText(value), deadline >= .milliseconds(10),
        deadline <= .seconds(60)
      else { throw fault("Write a duration from 10ms to 60s, such as 200ms.") }
      if name == "lookup_deadline" { lookupDeadline = deadline } else { changeDeadline = deadline }
    }
  }

  private static func places(_ hosts: String, _ ports: String?) -> String {
    let hosts = hosts.split(separator: ",", omittingEmptySubsequences: false)
    let ports = ports?.split(separator: ",", omittingEmptySubsequences: false) ?? []
    return hosts.enumerated().map { index, host in
      // One port is for every host.
      let port = ports.count == 1 ? ports[0] : index < ports.count ? ports[index] : ""
      return port.isEmpty ? String(host) : "\(host):\(port)"
    }.joined(separator: ",")
  }

  private static func hosts(_ options: [String: String]) -> [[String: String]] {
    let lists = ["host", "hostaddr", "port"].compactMap { name in
      options[name].map { (name, $0.split(separator: ",", omittingEmptySubsequences: false)) }
    }
    let count = lists.filter { $0.0 != "port" }.map(\.1.count).max() ?? 1
    return (0..<count).map { index in
      var host: [String: String] = [:]
      for (name, values) in lists {
        // One port is for every host.
        host[name] = String(
          values.count == 1 ? values[0] : index < values.count ? values[index] : "")
      }
      return host
    }
  }

  private static func isFar(_ host: [String: String]) -> Bool {
    let place = host["hostaddr"] ?? host["host"] ?? ""
    if place.isEmpty || place.hasPrefix("/") || place.hasPrefix("@") || place == "localhost" {
      return false
    }
    return !(IPAddress(place)?.isLoopback ?? false)
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
