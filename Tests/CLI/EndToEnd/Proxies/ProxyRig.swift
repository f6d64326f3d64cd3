import CardeaTestSupport
import Foundation
import Testing

/// A client, a real proxy, a real `cardea serve` and the service behind both.
struct ProxyRig {
  let program: CardeaProgram
  let server: RunningServer
  let service: StubService
  let proxy: RunningProxy
  /// Owned by alice, with `orders:read`.
  let alice: IssuedToken
  /// Of no owner and without a scope: two of its identity headers are empty.
  let nobody: IssuedToken

  /// - Parameter settings: of the server, besides its trusted proxy.
  init(_ kind: ProxyKind, settings: String = "") async throws {
    let program = try CardeaProgram()
    try program.write(
      "server: { trusted_proxies: [127.0.0.1/32] }\nhash: { pbkdf2_iterations: 10000 }\n\(settings)",
      to: "cardea.yaml")
    #expect(try program.run("init").status == 0)
    let tokens = try [["--owner", "alice", "--scope", "orders:read"], []].map { options in
      try #require(try program.run(["keys", "create", "key"] + options).lines.first)
    }
    server = try RunningServer(program, [])
    let port = try #require(server.address.split(separator: ":").last.flatMap { Int($0) })
    let service = try StubService()
    proxy = try RunningProxy(kind, service: service.port, authorizer: port)
    self.program = program
    self.service = service
    let direct = HTTPClient(port: port)
    alice = try await IssuedToken(tokens[0], from: direct)
    nobody = try await IssuedToken(tokens[1], from: direct)
  }
}

/// A token, and the identity that Cardea answers to it.
struct IssuedToken: Sendable {
  static let names = [
    "x-cardea-key-id", "x-cardea-key-prefix", "x-cardea-owner", "x-cardea-scopes",
  ]

  let token: String
  let identity: [String: String]

  init(_ token: String, from cardea: HTTPClient) async throws {
    self.token = token
    let answer = try await cardea.request(
      "GET", "/auth",
      headers: [
        ("X-API-Key", token), ("X-Forwarded-For", "127.0.0.9"), ("X-Forwarded-Method", "GET"),
        ("X-Forwarded-Uri", "/orders/1"),
      ])
    identity = Dictionary(
      answer.fields.filter { $0.name.hasPrefix("x-cardea-") }.map { ($0.name, $0.value) },
      uniquingKeysWith: { "\($0) and \($1)" })
    try #require(identity.keys.sorted() == IssuedToken.names, "\(answer.status)")
  }

  /// The part of the token that nobody may see.
  var secret: String { String(token.drop { $0 != ":" }) }
}

extension RecordedRequest {
  /// Whether it tells the service of this identity and of nothing else that could be taken for one. A proxy
  /// may leave an empty header out.
  func carries(_ identity: [String: String]) -> Bool {
    var left = Dictionary(uniqueKeysWithValues: IssuedToken.names.map { ($0, identity[$0] ?? "") })
    for (name, value) in fields where RecordedRequest.isIdentity(name) {
      guard left.removeValue(forKey: name.lowercased()) == value else { return false }
    }
    return left.values.allSatisfy(\.isEmpty) && !trailers.lowercased().contains("cardea")
  }

  /// As a service would read it that takes every sign in a header's name for the same.
  private static func isIdentity(_ name: String) -> Bool {
    name.lowercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.contains("cardea")
  }
}
