import BenchSupport
import Foundation

/// A service behind nginx, with Cardea and without (P5). One nginx, with the configuration of `deploy/`, has a server
/// for each contender in front of the same do-nothing service: nobody is asked; a do-nothing upstream is asked, which
/// allows or denies everything; Cardea is asked, with its access log off and in the default tier.
enum ProxyBenchmarks {
  struct Load: Codable {
    let name: String
    /// One figure a round.
    var requestsPerSecond: [Double] = []
    var p50Milliseconds: [Double] = []
    var p99Milliseconds: [Double] = []
  }

  private struct Contender {
    let port: Int
    let header: String
    let isDenied: Bool
  }

  static func nginx(cardea: String, deploy: URL, rounds: Int = 5) throws -> [Load] {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "cardea-bench-proxy-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var processes: [Process] = []
    defer {
      for process in processes {
        process.terminate()
        process.waitUntilExit()
      }
    }

    var tokens: [String: String] = [:]
    let tiers = ["off": 8460, "process": 8461]
    for (tier, port) in tiers {
      let store = "sqlite:" + folder.appendingPathComponent("\(tier).sqlite3").path
      let token = try Programs.output(cardea, ["init", "--store", store]).trimmingCharacters(
        in: .whitespacesAndNewlines)
      processes.append(
        try Programs.start(
          cardea, ["serve", "--store", store, "--port", "\(port)"],
          ["CARDEA_AUDIT_TIER": tier, "CARDEA_SERVER_TRUSTED_PROXIES": "127.0.0.1/32"]))
      try Probe.waitFor(port: port, token: token)
      tokens[tier] = token
    }
    processes.append(try start(deploy, folder, authorizers: tiers))

    let allowed = tokens.mapValues { "X-API-Key: \($0)" }
    // Limits do not count it: what is measured is what a denial costs.
    let malformed = "X-API-Key: nonsense"
    let rows: [(String, Contender)] = [
      ("nobody is asked", Contender(port: 8450, header: malformed, isDenied: false)),
      ("a do-nothing upstream allows", Contender(port: 8451, header: malformed, isDenied: false)),
      (
        "Cardea allows, audit off",
        Contender(port: 8453, header: allowed["off"] ?? "", isDenied: false)
      ),
      (
        "Cardea allows, audit process",
        Contender(port: 8454, header: allowed["process"] ?? "", isDenied: false)
      ),
      ("a do-nothing upstream denies", Contender(port: 8452, header: malformed, isDenied: true)),
      ("Cardea denies, audit off", Contender(port: 8453, header: malformed, isDenied: true)),
      ("Cardea denies, audit process", Contender(port: 8454, header: malformed, isDenied: true)),
    ]
    for tier in ["off", "process"] {
      try Probe.waitFor(port: tier == "off" ? 8453 : 8454, token: tokens[tier] ?? "", path: "/")
    }

    var loads = rows.map { Load(name: $0.0) }
    for round in 0...rounds {
      for (index, row) in rows.enumerated() {
        let contender = row.1
        let run = try Wrk("http://127.0.0.1:\(contender.port)/", header: contender.header)
        guard run.refused == (contender.isDenied ? run.requests : 0) else {
          throw BenchError.failed("\(row.0): \(run.refused) of \(run.requests) were refused")
        }
        if round == 0 { continue }  // a warm-up
        loads[index].requestsPerSecond.append(run.perSecond)
        loads[index].p50Milliseconds.append(run.p50)
        loads[index].p99Milliseconds.append(run.p99)
      }
    }
    print(
      "\nBehind nginx, 16 connections (the ratio is to the do-nothing upstream with the same answer)"
    )
    for load in loads {
      let yardstick = loads[load.name.contains("den") ? 4 : 1]
      print(
        String(
          format: "  %@ %8.0f requests/s  %.2fx  p50 %6.2f ms  p99 %6.2f ms",
          load.name.padding(toLength: 32, withPad: " ", startingAt: 0),
          median(load.requestsPerSecond),
          median(load.requestsPerSecond) / median(yardstick.requestsPerSecond),
          median(load.p50Milliseconds), median(load.p99Milliseconds)))
    }
    return loads
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  private static func start(
    _ deploy: URL, _ folder: URL, authorizers: [String: Int]
  ) throws -> Process {
    let nginx = try NginxConfiguration(folder: folder, deploy: deploy)
    let upstreams = [
      "service": 8470, "allows": 8471, "denies": 8472, "cardea_off": authorizers["off"] ?? 0,
      "cardea_process": authorizers["process"] ?? 0,
    ]
    func service(_ lines: String) -> String {
      """
      location / { \(lines) proxy_http_version 1.1; proxy_set_header Connection ""; \
      proxy_pass http://service; }
      """
    }
    func server(_ port: Int, _ lines: String) -> String { NginxConfiguration.server(port, lines) }
    return try nginx.start(
      upstreams.map(NginxConfiguration.upstream) + [
        server(8470, "location / { return 200; }"), server(8471, "location / { return 204; }"),
        server(8472, "location / { return 401; }"), server(8450, service("")),
        server(8451, "\(NginxConfiguration.asking("allows")) \(service(""))"),
        server(8452, "\(NginxConfiguration.asking("denies")) \(service(""))"),
        server(8453, "\(try nginx.guarded(by: "cardea_off")) \(service(nginx.pass))"),
        server(8454, "\(try nginx.guarded(by: "cardea_process")) \(service(nginx.pass))"),
      ])
  }
}
