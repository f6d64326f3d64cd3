import BenchSupport
import Cardea
import Foundation

/// What a verdict, a lookup, a signal and a request cost as there are more keys, listeners and clients.
enum GrowthBenchmarks {
  /// What never waits is judged by what it costs, whatever else the machine does.
  private static let nanoseconds = "ns of processor time"

  /// - Parameters:
  ///   - sizes: how many keys.
  ///   - cardea: the server, and `empty` what `ServerBenchmarks` compares it with.
  static func charts(sizes: [Int], cardea: String, empty: String, quick: Bool) async throws
    -> [Chart]
  {
    var charts = [try await listeners()]
    charts += try connections(
      quick ? [1, 16, 64] : [1, 4, 16, 64, 256, 1_000], cardea, empty, rounds: quick ? 1 : 3)
    // As many as a cache may hold; a store holds more.
    charts.append(try await verdicts(sizes.filter { $0 <= 1_000_000 }))
    charts.append(
      lookups(
        "growth-sqlite", "Lookup in SQLite", sizes,
        try await StoreBenchmarks.lookup(sizes: sizes)["sqlite_lookup"] ?? []))
    let lookups = try await PostgreSQLBenchmarks.lookup(sizes: sizes)
    charts.append(
      self.lookups(
        "growth-postgresql", "Lookup in PostgreSQL, 64 in flight", sizes,
        lookups["postgresql_lookup_64"] ?? []))
    for chart in charts { chart.report() }
    return charts
  }

  private static func verdicts(_ sizes: [Int]) async throws -> Chart {
    var rings: [Keyring] = []
    var naive: [Contender] = []
    var warm: [Contender] = []
    for size in sizes {
      print("  warming \(size) keys …")
      let ring = try await Keyring.make(size)
      let keyring = NaiveKeyring(ring.requests.map(\.token))
      rings.append(ring)
      naive.append(
        Contender(name: "dictionary of \(size) tokens in clear") { operations in
          for index in 0..<operations {
            if keyring.user(ring.requests[index % size].token) == nil { throw BenchError.denied }
          }
        })
      warm.append(
        Contender(name: "warm authenticate among \(size) keys") { operations in
          for index in 0..<operations {
            guard case .allow? = ring.kernel.authenticateIfWarm(ring.requests[index % size]) else {
              throw BenchError.notWarm
            }
          }
        })
    }
    let measured = try await compare(operations: 400_000, naive + warm)
    for ring in rings { await ring.kernel.shutdown() }
    return Chart(
      id: "growth-verdicts", title: "A warm verdict", x: "keys in the cache", y: nanoseconds,
      series: [
        series("Cardea, all checks", sizes, measured.suffix(sizes.count).map(\.processor)),
        series(
          "dictionary of tokens in clear", sizes, measured.prefix(sizes.count).map(\.processor)),
      ])
  }

  private static func lookups(
    _ id: String, _ title: String, _ sizes: [Int], _ measured: [Measurement]
  ) -> Chart {
    Chart(
      id: id, title: title, x: "keys in the store", y: "µs",
      series: [series("by prefix", sizes, measured.map { $0.rounds.map { $0 / 1_000 } })])
  }

  private static func listeners() async throws -> Chart {
    let counts = [0, 1, 8, 64]
    let tally = Tally()
    let change = KeyRevoked.sample
    let measured = try await compare(
      operations: 100_000,
      counts.map { count in
        let bus = SignalBus()
        for _ in 0..<count { bus.subscribe(KeyRevoked.self, id: "a", .inline) { _ in tally.add() } }
        return Contender(name: "publish, \(count) inline") { operations in
          for _ in 0..<operations { bus.publish(change) }
        }
      })
    return Chart(
      id: "growth-listeners", title: "Publishing a signal", x: "inline listeners", y: nanoseconds,
      series: [series("publisher's side", counts, measured.map(\.processor))])
  }

  /// `/auth` with one warm key, in a closed loop of `wrk`.
  private static func connections(
    _ counts: [Int], _ cardea: String, _ empty: String, rounds: Int
  ) throws -> [Chart] {
    let folder = try Folder("growth")
    defer { folder.remove() }
    var servers: [(name: String, process: Process, port: Int, header: String)] = []
    defer { for server in servers { server.process.terminate() } }
    for (index, tier) in ["off", "process"].enumerated() {
      let token = try Programs.newStore(cardea, folder.path(tier))
      let port = 8428 + index
      servers.append(
        (
          "Cardea, audit \(tier)",
          try Programs.start(
            cardea, ["serve", "--store", "sqlite:\(folder.path(tier))", "--port", "\(port)"],
            ["CARDEA_AUDIT_TIER": tier]), port, "X-API-Key: \(token)"
        ))
      try Probe.waitFor(port: port, token: token)
    }
    servers.append(
      ("empty Hummingbird handler", try Programs.start(empty, ["8427"]), 8427, "X-Nothing: 1"))
    try Probe.waitFor(port: 8427, token: "none")

    let blank = servers.map { server in
      Chart.Series(name: server.name, points: counts.map { Chart.Point(x: $0, values: []) })
    }
    let (x, title) = ("connections, each in a closed loop", "/auth over loopback")
    var rate = Chart(
      id: "growth-rate", title: title, x: x, y: "requests/s", series: blank)
    var cost = Chart(
      id: "growth-cpu", title: title, x: x, y: "µs of the server's processor time a request",
      series: blank)
    var p50 = Chart(id: "growth-p50", title: title, x: x, y: "ms, p50", series: blank)
    var p99 = Chart(id: "growth-p99", title: title, x: x, y: "ms, p99", series: blank)
    for round in 0...rounds {
      for (point, count) in counts.enumerated() {
        for (index, server) in servers.enumerated() {
          let before = Programs.processorTime(server.process.processIdentifier)
          let run = try Wrk(
            "http://127.0.0.1:\(server.port)/auth", header: server.header, connections: count,
            seconds: round == 0 ? 1 : 2)
          let spent = Programs.processorTime(server.process.processIdentifier) - before
          guard run.refused == 0 else { throw BenchError.failed("\(server.name) refused") }
          if round == 0 { continue }  // a warm-up
          rate.series[index].points[point].values.append(run.perSecond)
          cost.series[index].points[point].values.append(spent * 1e6 / run.requests)
          p50.series[index].points[point].values.append(run.p50)
          p99.series[index].points[point].values.append(run.p99)
        }
      }
    }
    return [rate, cost, p50, p99]
  }

  /// - Parameter measured: for each size, one figure a round.
  private static func series(
    _ name: String, _ sizes: [Int], _ measured: [[Double]]
  ) -> Chart.Series {
    Chart.Series(name: name, points: zip(sizes, measured).map { Chart.Point(x: $0, values: $1) })
  }
}
