import BenchSupport
import Foundation

/// D7: a node whose PostgreSQL is killed and replaced by its synchronous standby, or stands still for a while. How long
/// denials take meanwhile, and how soon the node serves again.
enum FailoverBenchmarks {
  struct Outage: Codable {
    let name: String
    /// Milliseconds that each denial took, of all rounds, sorted.
    var denials: [Double] = []
    /// Milliseconds from when the database takes writes again to the first request that is let in, one a round.
    var back: [Double] = []
  }

  static func outages(cardea: String, rounds: Int = 5) async throws -> [Outage] {
    print("\nPostgreSQL away, four clients with keys that the node has not seen")
    let folder = try Folder("failover")
    defer { folder.remove() }
    // A keyed digest: the keys are many, and this is not about slow hashes.
    let pepper = folder.path("pepper")
    try Data((0..<32).map { _ in UInt8.random(in: 33...126) }).write(
      to: URL(fileURLWithPath: pepper))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pepper)
    let environment = [
      "CARDEA_HASH_PREFERRED": "hmac_sha256", "CARDEA_HASH_PEPPER_FILES": "v1=\(pepper)",
      "CARDEA_AUDIT_SPOOL": folder.path("spool"),
    ]
    var killed = Outage(name: "killed, a standby takes over")
    var halted = Outage(name: "stands still for two seconds")
    for _ in 0..<rounds {
      let primary = try PostgreSQLServer(port: 8471)
      let standby = try PostgreSQLServer(port: 8474, following: primary)
      try primary.query("ALTER SYSTEM SET synchronous_standby_names = '*'")
      try primary.query("SELECT pg_reload_conf()")
      let store = "postgres://postgres@127.0.0.1:8471,127.0.0.1:8474/postgres"
      let token = try Programs.output(cardea, ["init", "--store", store], environment)
        .trimmingCharacters(in: .whitespacesAndNewlines)
      let node = try Programs.start(
        cardea, ["serve", "--store", store, "--port", "8475"], environment)
      defer {
        node.terminate()
        node.waitUntilExit()
      }
      try Probe.waitFor(port: 8475, token: token)
      try await measure(&halted, token, takesOver: { try primary.goOn() }) { try primary.halt() }
      try await measure(&killed, token, takesOver: { try standby.promote() }) {
        try primary.kill()
      }
    }
    for outage in [killed, halted] {
      let (denials, back) = (outage.denials, outage.back.sorted())
      print(
        String(
          format:
            "  %@ %5d denials  p50 %6.1f ms  p99 %6.1f ms  worst %6.1f ms  back after %.0f ms "
            + "(%.0f–%.0f)", outage.name.padding(toLength: 30, withPad: " ", startingAt: 0),
          denials.count, denials[denials.count / 2], denials[(denials.count * 99 - 1) / 100],
          denials.last ?? 0, back[back.count / 2], back.first ?? 0, back.last ?? 0))
    }
    return [killed, halted]
  }

  private static func measure(
    _ outage: inout Outage, _ admin: String, takesOver: () throws -> Void,
    goesAway: () throws -> Void
  ) async throws {
    let tokens = try (0..<400).map { number -> String in
      let made = try PostgreSQLBenchmarks.post(
        "/v1/keys", 8475, admin, #"{"name":"bench \#(number)","scopes":[]}"#)
      guard let token = made["token"] as? String else { throw BenchError.failed("\(made)") }
      return token
    }
    try goesAway()
    let clients = (0..<4).map { client in
      Task.detached { () -> (denials: [Double], allowed: ContinuousClock.Instant) in
        var denials: [Double] = []
        for number in 0... {
          let began = ContinuousClock.now
          let status = Probe.status(port: 8475, token: tokens[(number * 4 + client) % tokens.count])
          let took = (ContinuousClock.now - began) / .milliseconds(1)
          if status == 200 { break }
          guard status == 503, number < 20_000 else {
            throw BenchError.failed("answered \(status ?? 0)")
          }
          denials.append(took)
          usleep(5_000)
        }
        return (denials, ContinuousClock.now)
      }
    }
    usleep(2_000_000)
    try takesOver()
    let writable = ContinuousClock.now
    var first: ContinuousClock.Instant?
    for client in clients {
      let (denials, allowed) = try await client.value
      outage.denials += denials
      first = min(first ?? allowed, allowed)
    }
    outage.denials.sort()
    if let first { outage.back.append((first - writable) / .milliseconds(1)) }
  }
}
