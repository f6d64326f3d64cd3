import Cardea
import Foundation

/// `/auth` over loopback beside an empty Hummingbird handler and an empty handler of SwiftNIO: all as processes of their
/// own, loaded by `wrk` in turn, judged by the processor time that each server spent per request, and by the requests it answered.
enum ServerBenchmarks {
  struct Load: Codable {
    let name: String
    /// Processor microseconds of the server per request, one figure a round.
    let cpuMicroseconds: [Double]
    let requestsPerSecond: [Double]
    var median: Double { cpuMicroseconds.sorted()[cpuMicroseconds.count / 2] }
  }

  static func auth(cardea: String, empty: String, rounds: Int = 5) async throws -> [Load] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "cardea-bench-server-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    print("\nServer")
    let nio = URL(filePath: empty).deletingLastPathComponent().appending(path: "empty-nio").path
    var contenders: [Contender] = [
      Contender(
        name: "empty Hummingbird handler", process: try Programs.start(empty, ["8427"]),
        port: 8427, header: "X-Nothing: 1"),
      Contender(
        name: "empty SwiftNIO handler", process: try Programs.start(nio, ["8426"]), port: 8426,
        header: "X-Nothing: 1"),
    ]
    defer { for contender in contenders { contender.process.terminate() } }
    // A server for each tier: P4 and P7.
    for (index, tier) in ["off", "failures", "async", "process", "commit"].enumerated() {
      let store = "sqlite:" + folder.appendingPathComponent("\(tier).sqlite3").path
      let token = try Programs.output(cardea, ["init", "--store", store]).trimmingCharacters(
        in: .whitespacesAndNewlines)
      let port = 8428 + index
      let began = ContinuousClock.now
      let server = try Programs.start(
        cardea, ["serve", "--store", store, "--port", "\(port)"], ["CARDEA_AUDIT_TIER": tier])
      contenders.append(
        Contender(
          name: "/auth, warm key, audit \(tier)", process: server, port: port,
          header: "X-API-Key: \(token)"))
      try Probe.waitFor(port: port, token: token)
      print(
        "  audit \(tier): start to first answer \(ContinuousClock.now - began), idle",
        "\(Programs.resident(server.processIdentifier) / 1024) MiB")
      guard tier == "off" || tier == "process" else { continue }
      // What is no token is refused where it came in; for what no key has, the store is asked each time.
      for (kind, token) in [
        ("malformed token", "nonsense"),
        ("token of no key", FloodTokens.token(prefix: "tok_nobody00")),
      ] {
        contenders.append(
          Contender(
            name: "/auth, \(kind), audit \(tier)", process: server, port: port,
            header: "X-API-Key: \(token)"))
      }
    }
    for port in [8426, 8427] { try Probe.waitFor(port: port, token: "none") }

    var cpu = [[Double]](repeating: [], count: contenders.count)
    var rate = [[Double]](repeating: [], count: contenders.count)
    for round in 0...rounds {
      for (index, contender) in contenders.enumerated() {
        let before = Programs.processorTime(contender.process.processIdentifier)
        let run = try Wrk("http://127.0.0.1:\(contender.port)/auth", header: contender.header)
        let spent = Programs.processorTime(contender.process.processIdentifier) - before
        if round == 0 { continue }  // a warm-up
        cpu[index].append(spent * 1e6 / run.requests)
        rate[index].append(run.perSecond)
      }
    }
    let loads = zip(contenders, zip(cpu, rate)).map {
      Load(name: $0.name, cpuMicroseconds: $1.0, requestsPerSecond: $1.1)
    }
    for load in loads {
      let name = load.name.padding(toLength: 38, withPad: " ", startingAt: 0)
      print(
        String(
          format: "  %@ %6.1f µs CPU a request  %.2fx  %8.0f requests/s", name, load.median,
          load.median / loads[0].median,
          load.requestsPerSecond.sorted()[load.requestsPerSecond.count / 2]))
    }
    return loads
  }

  private struct Contender {
    let name: String
    let process: Process
    let port: Int
    let header: String
  }
}
