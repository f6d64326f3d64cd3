import BenchSupport
import Cardea
import CardeaSQLite
import Foundation

/// Pages of a store of a million keys, beside an empty Hummingbird handler that is asked in turn: from the question
/// to the answer's last byte, over one connection of the loopback.
enum ListBenchmarks {
  struct Load: Codable {
    let name: String
    /// One figure a round.
    var milliseconds: [Double] = []
    var median: Double { milliseconds.sorted()[milliseconds.count / 2] }
  }

  static func pages(cardea: String, empty: String, keys: Int, rounds: Int = 31) async throws
    -> [Load]
  {
    let folder = try Folder("list")
    defer { folder.remove() }
    let store = folder.path("keys.sqlite3")
    let token = try Programs.newStore(cardea, store)
    print("\nLists\n  filling a store with \(keys) keys …")
    try await folder.fill(store, keys)
    let floor = try Programs.start(empty, ["8427"])
    let server = try Programs.start(
      cardea, ["serve", "--store", "sqlite:\(store)", "--port", "8428"])
    defer { for process in [floor, server] { process.terminate() } }
    try Probe.waitFor(port: 8427, token: "none")
    try Probe.waitFor(port: 8428, token: token)

    let api = try Client(port: 8428, head: "X-API-Key: \(token)\r\n")
    // Paging through to the last page takes a minute each, so two sorts stand for all.
    var late: [String: String] = [:]
    for sort in ["-created", "name"] { late[sort] = try cursor(api, sort, after: keys - 100) }
    // Opened only now: a connection on which nothing is asked for a minute is closed.
    let page = try Client(port: 8428, head: "Cookie: \(try cookie(token))\r\n")
    let nothing = try Client(port: 8427)
    var rows: [(name: String, client: Client, path: String)] = [
      ("empty Hummingbird handler", nothing, "/auth")
    ]
    for sort in ["-created", "created", "name", "-name", "expires", "-expires"] {
      let query = "?limit=100&sort=\(sort)"
      var pages = [("first", query)]
      if let cursor = late[sort] { pages.append(("last", query + "&cursor=" + cursor)) }
      for (name, query) in pages {
        rows.append(("/v1/keys, \(sort), \(name) page", api, "/v1/keys" + query))
        rows.append(("/admin/keys, \(sort), \(name) page", page, "/admin/keys" + query))
      }
      rows.append(
        ("/v1/keys, \(sort), a rare class", api, "/v1/keys" + query + "&class=rare"))
      rows.append(
        ("/v1/keys, \(sort), active keys", api, "/v1/keys" + query + "&state=active"))
    }
    var loads = rows.map { Load(name: $0.name) }
    for round in 0...rounds {
      for (index, row) in rows.enumerated() {
        let took = try row.client.time(row.path)
        if round > 0 { loads[index].milliseconds.append(took) }  // the first is a warm-up
      }
    }
    print("  100 keys a page; the last page is number \(keys / 100)")
    for load in loads {
      print(
        String(
          format: "  %@ %8.2f ms  (%.2f–%.2f)  %.1fx",
          load.name.padding(toLength: 40, withPad: " ", startingAt: 0), load.median,
          load.milliseconds.min() ?? 0, load.milliseconds.max() ?? 0,
          load.median / loads[0].median))
    }
    return loads
  }

  /// Where a listing stands after so many keys: paged through, 1,000 at a time.
  private static func cursor(_ api: Client, _ sort: String, after count: Int) throws -> String {
    var cursor = ""
    var left = count
    while left > 0 {
      let limit = min(left, 1_000)
      let answer = try api.send("GET", "/v1/keys?limit=\(limit)&sort=\(sort)\(cursor)")
      guard let next = answer.body.firstMatch(of: /"next_cursor":"([^"]+)"/)?.1 else {
        throw BenchError.failed("the listing ended \(left) keys too early: \(answer.status)")
      }
      cursor = "&cursor=\(next)"
      left -= limit
    }
    return String(cursor.dropFirst("&cursor=".count))
  }

  /// The page's session of a token.
  private static func cookie(_ token: String) throws -> String {
    let form = "token=" + token.replacingOccurrences(of: ":", with: "%3A")
    let answer = try Client(port: 8428).send(
      "POST", "/admin/sign-in",
      "Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n",
      body: form)
    guard let cookie = answer.head.firstMatch(of: /(__Host-cardea=[^;\r\n]+)/)?.1 else {
      throw BenchError.failed("no session of the page: \(answer.status)")
    }
    return String(cookie)
  }
}

/// A folder of a benchmark's own.
struct Folder {
  private let url: URL

  init(_ name: String) throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "cardea-bench-\(name)-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  func remove() { try? FileManager.default.removeItem(at: url) }

  /// Adds keys to the store of a path.
  func fill(_ path: String, _ count: Int) async throws {
    let store = SQLiteStore(path: path)
    try await store.open()
    try await StoreFilling.add(count, to: store)
    await store.close()
  }
}
