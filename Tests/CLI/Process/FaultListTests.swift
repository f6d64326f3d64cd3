import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

@Suite("Every fault of a configuration is listed, and none that only follows from another")
struct FaultListTests {
  /// What `check` lists: the head of each fault and the line below it.
  private func faults(
    _ yaml: String, flags: [String] = [], environment: [String: String] = [:],
    _ prepare: (CardeaProgram) throws -> Void = { _ in }
  ) throws -> [String] {
    let program = try CardeaProgram()
    try program.write(yaml, to: "cardea.yaml")
    try prepare(program)
    let result = try program.run(
      ["check", "--store", "memory:"] + flags, environment: environment)
    #expect(result.status == (result.err.contains("fault") ? 2 : 0), "\(result.err)")
    return result.err.split(separator: "\n").filter { $0.hasPrefix("  ") }
      .map { $0.trimmingCharacters(in: .whitespaces) }
  }

  @Test("what is wrong with the policies' settings")
  func policies() throws {
    let found = try faults(
      """
      plugins:
        policy.allowed_addresses: { networks: [10.0.0.0/8, 10.0.0.1/8] }
        policy.allowed_routes: { methods: [get] }
        policy.rate_limit: { rules: ["minute 10/0s"] }
        policy.quota: { rules: ["calls 10 0 0 31 * *"] }
      limits: { failed_per_address: lots }
      """)
    #expect(
      found.filter { $0.hasPrefix("cardea.yaml:") } == [
        "cardea.yaml:2: plugins.policy.allowed_addresses.networks = 10.0.0.1/8",
        "cardea.yaml:3: plugins.policy.allowed_routes.methods = get",
        "cardea.yaml:4: plugins.policy.rate_limit.rules = minute 10/0s",
        "cardea.yaml:5: plugins.policy.quota.rules = calls 10 0 0 31 * *",
        "cardea.yaml:6: limits.failed_per_address = lots",
      ])
    #expect(found.count { $0.contains("Write") } == 5)
  }

  @Test("every bad rule of a plugin, and none that a good one would have had")
  func rules() throws {
    let found = try faults(
      """
      plugins:
        policy.allowed_addresses: { networks: [nowhere, 10.0.0.0/8, 10.0.0.1/8] }
        policy.allowed_routes: { methods: [get, GET, post], paths: [orders] }
        policy.rate_limit: { rules: ["minute 10/0s", "hour 5/1h", "day x"], costs: ["POST", "/a 0"] }
        policy.quota: { rules: ["calls 10 0 0 31 * *", "calls"] }
      """)
    #expect(
      found.filter { $0.hasPrefix("cardea.yaml:") } == [
        "cardea.yaml:2: plugins.policy.allowed_addresses.networks = nowhere",
        "cardea.yaml:2: plugins.policy.allowed_addresses.networks = 10.0.0.1/8",
        "cardea.yaml:3: plugins.policy.allowed_routes.methods = get",
        "cardea.yaml:3: plugins.policy.allowed_routes.methods = post",
        "cardea.yaml:3: plugins.policy.allowed_routes.paths = orders",
        "cardea.yaml:4: plugins.policy.rate_limit.rules = minute 10/0s",
        "cardea.yaml:4: plugins.policy.rate_limit.rules = day x",
        "cardea.yaml:4: plugins.policy.rate_limit.costs = POST",
        "cardea.yaml:4: plugins.policy.rate_limit.costs = /a 0",
        "cardea.yaml:5: plugins.policy.quota.rules = calls 10 0 0 31 * *",
        "cardea.yaml:5: plugins.policy.quota.rules = calls",
      ])
  }

  @Test("each entry of a list")
  func entries() throws {
    let found = try faults(
      """
      server: { trusted_proxies: [bad, 10.0.0.0/8, bad2] }
      extract: { query: ["", a, ""], schemes: ["a b", "c d"] }
      """)
    #expect(
      found.filter { !$0.contains("Write") && !$0.contains("Use") && !$0.contains("Remove") }
        == [
          "cardea.yaml:1: server.trusted_proxies = bad",
          "cardea.yaml:1: server.trusted_proxies = bad2",
          "cardea.yaml:2: extract.schemes = a b", "cardea.yaml:2: extract.schemes = c d",
          "cardea.yaml:2: extract.query = ",
        ].map { $0.trimmingCharacters(in: .whitespaces) }, "\(found)")
  }

  @Test("each bad pepper file")
  func pepperFiles() throws {
    let found = try faults(
      "hash: { preferred: hmac_sha256, pepper_files: [v2=short, v1=missing] }\n"
    ) { program in
      try program.write("short", to: "short")
      chmod(program.path("short"), 0o600)
    }
    #expect(
      found.filter { $0.hasPrefix("cardea.yaml") } == [
        "cardea.yaml:1: hash.pepper_files = short", "cardea.yaml:1: hash.pepper_files = missing",
      ], "\(found)")
  }

  @Test("a name that is wrong twice is one fault, and the hashers are not blamed for it")
  func noFollowUps() throws {
    let found = try faults("extract: { headers: [X-API-Key, x-api-key] }\n")
    #expect(
      found.filter { !$0.contains(". ") } == ["cardea.yaml:1: extract.headers = x-api-key"],
      "\(found)")
    #expect(found.contains { $0.contains("twice") }, "\(found)")
    let schemes = try faults("extract: { schemes: [Bearer, BEARER] }\n")
    #expect(schemes.first == "cardea.yaml:1: extract.schemes = BEARER", "\(schemes)")
    let query = try faults("extract: { query: [token, token], form: [a, a] }\n")
    #expect(query.first == "cardea.yaml:1: extract.query = token", "\(query)")
    #expect(query.contains("cardea.yaml:1: extract.form = a"), "\(query)")
  }

  @Test("hmac_sha256 without a pepper names the setting that is missing")
  func noPepper() throws {
    let found = try faults("hash:\n  preferred: hmac_sha256\n")
    #expect(found.first == "cardea.yaml:2: hash.preferred = hmac_sha256")
    #expect(found.last?.contains("hash.pepper_files") == true, "\(found)")
    #expect(found.count == 2)
  }

  @Test("a name of our own queries can't carry a token")
  func ownQueryNames() throws {
    for name in ["scope", "class", "cursor", "before", "owner", "sort", "limit"] {
      let found = try faults("extract: { query: [api_key, \(name)] }\n")
      #expect(found.first == "cardea.yaml:1: extract.query = \(name)", "\(found)")
    }
    let found = try faults("extract: { query: [api_key] }\n")
    #expect(found == [])
  }

  @Test("a fault of the file, also where a flag or the environment wins")
  func overridden() throws {
    let found = try faults(
      "store: { url: 5x }\nserver: { port: abc, host: \"\" }\n",
      environment: ["CARDEA_SERVER_PORT": "8421", "CARDEA_SERVER_HOST": "::1"])
    #expect(
      found.filter { $0.hasPrefix("cardea.yaml") } == [
        "cardea.yaml:2: server.host =", "cardea.yaml:2: server.port = abc",
      ], "\(found)")
  }

  @Test("both names that a file gives twice, each with its line")
  func duplicates() throws {
    let found = try faults(
      "server:\n  port: 1\n  port: 2\ntoken:\n  namespace: a\n  namespace: b\n")
    #expect(
      found.filter { $0.hasPrefix("cardea.yaml") } == [
        "cardea.yaml:3: server.port", "cardea.yaml:6: token.namespace",
      ], "\(found)")
    let one = try faults("server: { port: 1, port: 2, host: a, host: b }\n")
    #expect(
      one.filter { $0.hasPrefix("cardea.yaml") } == [
        "cardea.yaml:1: server.port", "cardea.yaml:1: server.host",
      ], "\(one)")
  }

  @Test("a folder in place of the settings file")
  func folder() throws {
    let result = try CardeaProgram().run("check", "--config", "/")
    #expect(result.status == 2)
    #expect(result.err.contains("it is a folder"), "\(result.err)")
    #expect(!result.err.contains("permissions"))
  }

  @Test("what Kubernetes puts into the environment of a pod beside a service called cardea")
  func serviceLinks() throws {
    let names = [
      "CARDEA_PORT", "CARDEA_SERVICE_HOST", "CARDEA_SERVICE_PORT", "CARDEA_SERVICE_PORT_HTTP",
      "CARDEA_PORT_8420_TCP", "CARDEA_PORT_8420_TCP_ADDR", "CARDEA_PORT_8420_TCP_PORT",
      "CARDEA_PORT_8420_TCP_PROTO",
    ]
    for name in names {
      let found = try faults("", environment: [name: "tcp://10.0.0.1:8420"])
      #expect(found.count == 2, "\(found)")
      #expect(found.last?.contains("enableServiceLinks: false") == true, "\(found)")
    }
    let other = try faults("", environment: ["CARDEA_PORTS": "1"])
    #expect(other.last?.contains("enableServiceLinks") == false)
  }
}
