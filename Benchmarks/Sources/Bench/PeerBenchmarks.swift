import BenchSupport
import Foundation

/// Cardea beside what people would pick instead, and beside the floors under both. All stand ready at once and are loaded
/// in turn, each round each of them, so that what the machine does meanwhile it does to all.
enum PeerBenchmarks {
  struct Load: Codable {
    let peer: String
    let requests: String
    /// One figure a round.
    var requestsPerSecond: [Double] = []
    /// Processor time of all that works for the peer, the database included, per request.
    var cpuMicroseconds: [Double] = []
    var p50Milliseconds: [Double] = []
    var p99Milliseconds: [Double] = []
    /// Processors that the load generator kept busy.
    var loadGenerator: [Double] = []
  }

  /// One client with a right key, alone and beside eight with wrong secrets; all ask again as soon as they were answered.
  struct Flood: Codable {
    let peer: String
    var quietP50: [Double] = []
    var quietP99: [Double] = []
    var floodedP50: [Double] = []
    var floodedP99: [Double] = []
    var attacksPerSecond: [Double] = []
    var goodRefused = 0.0
    var loadGenerator: [Double] = []
  }

  private static let connections = 16
  private static let attackers = 8

  /// - Parameters:
  ///   - venv: a Python environment with what `project`, a Django project, requires.
  ///   - cardea: the server, and `empty` what `ServerBenchmarks` compares it with.
  static func all(
    venv: String, project: String, cardea: String, empty: String, deploy: URL, quick: Bool
  ) async throws -> (loads: [Load], floods: [Flood]) {
    let stage = try PeerStage(
      venv: venv, project: project, cardea: cardea, empty: empty, deploy: deploy)
    defer { stage.end() }
    let peers = stage.peers
    let loads = try loads(peers, rounds: quick ? 1 : 5, seconds: quick ? 2 : 3)
    print(loads)
    let floods = try await floods(peers, rounds: quick ? 1 : 3, seconds: quick ? 2 : 3)
    print(floods)
    return (loads, floods)
  }

  private static func loads(_ peers: [Peer], rounds: Int, seconds: Int) throws -> [Load] {
    var loads = Peer.Requests.allCases.flatMap { requests in
      peers.filter { !$0.values(requests).isEmpty }
        .map { Load(peer: $0.name, requests: requests.rawValue) }
    }
    for round in 0...rounds {
      for index in loads.indices {
        guard let peer = peers.first(where: { $0.name == loads[index].peer }),
          let requests = Peer.Requests(rawValue: loads[index].requests)
        else { continue }
        let before = Programs.processorTime(trees: peer.processes)
        let others = Programs.endedProgramsTime()
        let run = try Wrk(
          peer.url, header: peer.header, values: peer.values(requests), connections: connections,
          seconds: round == 0 ? 1 : seconds)
        let generator = (Programs.endedProgramsTime() - others) / Double(seconds)
        let isAllowed = requests == .one || requests == .sixteen
        guard run.refused == (isAllowed ? 0 : run.requests) else {
          throw BenchError.failed(
            "\(peer.name), \(requests.rawValue): \(run.refused) of \(run.requests) were refused")
        }
        let spent = settled(peer) - before
        if round == 0 { continue }  // a warm-up
        guard run.requests > 0 else {
          throw BenchError.failed("\(peer.name) answered nothing: the machine is too busy")
        }
        loads[index].requestsPerSecond.append(run.perSecond)
        loads[index].cpuMicroseconds.append(
          spent * 1e6 / (run.requests + Double(connections)))
        loads[index].p50Milliseconds.append(run.p50)
        loads[index].p99Milliseconds.append(run.p99)
        loads[index].loadGenerator.append(generator)
      }
    }
    return loads
  }

  private static func floods(
    _ peers: [Peer], rounds: Int, seconds: Int
  ) async throws -> [Flood] {
    let guarded = peers.filter { !$0.wrong.isEmpty }
    var floods = guarded.map { Flood(peer: $0.name) }
    for _ in 0..<rounds {
      for (index, peer) in guarded.enumerated() {
        let good = [peer.valid[0]]
        let quiet = try Wrk(
          peer.url, header: peer.header, values: good, connections: 1, seconds: seconds)
        let began = ContinuousClock.now
        let before = Programs.endedProgramsTime()
        let attack = Task.detached {
          try Wrk(
            peer.url, header: peer.header, values: peer.wrong, connections: attackers,
            seconds: seconds + 2)
        }
        usleep(1_000_000)
        let flooded = try Wrk(
          peer.url, header: peer.header, values: good, connections: 1, seconds: seconds)
        let bad = try await attack.value
        guard quiet.requests > 0, flooded.requests > 0 else {
          throw BenchError.failed("\(peer.name) answered nothing: the machine is too busy")
        }
        guard bad.refused == bad.requests else {
          throw BenchError.failed("\(peer.name) let a wrong secret in")
        }
        let took = (ContinuousClock.now - began) / .seconds(1)
        _ = settled(peer)
        floods[index].quietP50.append(quiet.p50)
        floods[index].quietP99.append(quiet.p99)
        floods[index].floodedP50.append(flooded.p50)
        floods[index].floodedP99.append(flooded.p99)
        floods[index].attacksPerSecond.append(bad.perSecond)
        floods[index].goodRefused += quiet.refused + flooded.refused
        floods[index].loadGenerator.append((Programs.endedProgramsTime() - before) / took)
      }
    }
    return floods
  }

  /// What a peer's processes have spent once they are quiet: what was put off until after the answer counts too, and so do
  /// the last requests, one a connection, that nobody waits for any more.
  private static func settled(_ peer: Peer) -> Double {
    var last = Programs.processorTime(trees: peer.processes)
    for _ in 0..<40 {
      usleep(100_000)
      let now = Programs.processorTime(trees: peer.processes)
      if now - last < 0.02 { return now }
      last = now
    }
    return last
  }

  private static func print(_ loads: [Load]) {
    for requests in Peer.Requests.allCases {
      let rows = loads.filter { $0.requests == requests.rawValue }
      Swift.print(
        "\n\(requests.rawValue), \(connections) connections; CPU ratios are to the first row, round by round"
      )
      for row in rows {
        let ratios = zip(row.cpuMicroseconds, rows[0].cpuMicroseconds).map { $0 / $1 }
        Swift.print(
          "  " + row.peer.padding(toLength: 38, withPad: " ", startingAt: 0)
            + spread(row.requestsPerSecond, "%8.0f", "/s")
            + spread(row.cpuMicroseconds, "%9.1f", " µs CPU") + spread(ratios, "%8.3g", "x")
            + String(
              format: "  p50 %7.2f  p99 %7.2f ms  generator %.1f", median(row.p50Milliseconds),
              median(row.p99Milliseconds), median(row.loadGenerator)))
      }
    }
    fflush(nil)
  }

  private static func print(_ floods: [Flood]) {
    Swift.print(
      "\nOne client with a right key, alone and beside \(attackers) with wrong secrets; milliseconds"
    )
    for row in floods {
      let ratios = zip(row.floodedP50, row.quietP50).map { $0 / $1 }
      Swift.print(
        "  " + row.peer.padding(toLength: 38, withPad: " ", startingAt: 0)
          + "p50" + spread(row.quietP50, "%7.2f", "") + " →" + spread(row.floodedP50, "%7.2f", "")
          + spread(ratios, "%6.1f", "x") + "  p99"
          + spread(row.quietP99, "%7.2f", "") + " →" + spread(row.floodedP99, "%7.2f", "")
          + spread(row.attacksPerSecond, "%7.0f", " attacks/s")
          + String(format: "  refused %.0f", row.goodRefused)
          + String(format: "  generator %.1f", median(row.loadGenerator)))
    }
    fflush(nil)
  }

  /// Median (least–most).
  private static func spread(_ values: [Double], _ format: String, _ unit: String) -> String {
    func text(_ value: Double) -> String { String(format: format, value) }
    func short(_ value: Double) -> String {
      text(value).trimmingCharacters(in: .whitespaces)
    }
    return
      " \(text(median(values)))\(unit) (\(short(values.min() ?? 0))–\(short(values.max() ?? 0)))"
  }

  private static func median(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.sorted()[values.count / 2]
  }
}
