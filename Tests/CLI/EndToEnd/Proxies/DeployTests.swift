import CardeaCLI
import CardeaTestSupport
import Foundation
import Testing

/// What every configuration in `deploy/` must agree on with the server.
@Suite("Configurations to deploy")
struct DeployTests {
  private static let configurations = [
    "nginx": ["nginx/service.conf", "nginx/cardea/server.conf", "nginx/cardea/pass.conf"],
    "caddy": ["caddy/Caddyfile"], "traefik": ["traefik/dynamic.yaml"],
    "envoy": ["envoy/envoy.yaml"], "haproxy": ["haproxy/haproxy.cfg"],
  ]

  private func text(_ names: [String]) throws -> String {
    try names.map {
      try String(contentsOf: ProxyKind.deploy.appending(path: $0), encoding: .utf8)
    }.joined(separator: "\n")
  }

  @Test func theServerUnderstandsEveryQuestion() async throws {
    let program = try CardeaProgram()
    let admin = try #require(try program.run("init").lines.first)
    let server = try RunningServer(program, [])
    let port = try #require(server.address.split(separator: ":").last.flatMap { Int($0) })
    for (proxy, names) in Self.configurations {
      let lines = try text(names).split(separator: "\n").filter {
        !$0.trimmingCharacters(in: .whitespaces).hasPrefix("#")
      }.joined(separator: "\n")
      let questions =
        proxy == "nginx"
        ? lines.matches(of: /auth_request "?\/_cardea\/([^";]*)/).map { "/auth/nginx?\($0.1)" }
        : lines.matches(of: /\/auth\/[^\s"]+/).map { String($0.0) }
      #expect(!questions.isEmpty, "\(proxy)")
      for question in questions {
        #expect(question.hasPrefix("/auth/\(proxy)"))
        let path = proxy == "envoy" ? "/orders/1?a=b" : ""
        let answer = try await HTTPClient(port: port).json("GET", question + path, token: admin)
        #expect(answer.status == 200, "\(question)\(path): \(answer.text)")
      }
    }
  }

  /// What can carry a token by default is taken off, and who is asking is handed on.
  @Test(arguments: configurations.keys.sorted())
  func everyProxyKnowsTheHeaders(_ proxy: String) throws {
    let text = try self.text(try #require(Self.configurations[proxy])).lowercased()
    let credentials =
      ["authorization"]
      + SettingsTable.headers.defaultText
      .matches(of: /[\w-]+/).map { $0.0.lowercased() }
      + [SettingsTable.sessionHeader.defaultText.lowercased()]
    #expect(credentials.count == 5)
    for name in credentials { #expect(text.contains(name), "\(name)") }
    // Traefik and HAProxy hand on whatever of the answer has our name in it.
    let identity =
      switch proxy {
      case "traefik": ["(?i)cardea"]
      case "haproxy": ["x-cardea-*"]
      default: IssuedToken.names
      }
    for name in identity { #expect(text.contains(name), "\(name)") }
  }

  @Test(arguments: ["cardea.yaml", "cluster/cardea.yaml"])
  func theServersOwnConfigurationIsGood(_ name: String) throws {
    let program = try CardeaProgram()
    #expect(try program.run("init").status == 0)
    let file = ProxyKind.deploy.appending(path: name).path
    let result = try program.run("check", "--config", file, "--store", "sqlite:cardea.sqlite3")
    #expect(result.status == 0, "\(result.err)")
    #expect(!result.out.contains("warning"), "\(result.out)")
  }
}
