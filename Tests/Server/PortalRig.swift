import Cardea
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaServer

/// An owner with keys, another owner, and a host application's key that may ask for links.
struct PortalRig: Sendable {
  let rig: ServerRig
  let ann: OwnerRecord
  /// Two keys of Ann's: with `orders:read`, and with more than a link gives.
  let key: (id: String, token: String)
  let wide: (id: String, token: String)
  /// A key of Bob's, with the same scope.
  let other: (id: String, token: String)
  /// May ask for links, and grants `orders:read` and `orders:write`.
  let host: (id: String, token: String)

  static func run(
    plugins: [any Plugin] = [],
    kernel: (inout KernelConfiguration) -> Void = { _ in },
    server: (inout ServerConfiguration) -> Void = { _ in },
    _ test: @Sendable @escaping (PortalRig) async throws -> Void
  ) async throws {
    try await ServerRig.run(plugins: plugins, kernel: kernel, server: server) { rig in
      let reference = OwnerReference(name: "ann")
      let key = try await rig.key("Ann's") {
        $0.owner = reference
        $0.scopes = ["orders:read"]
        $0.metadata = ["team": .string("billing")]
        $0.keyClass = "partner"
      }
      let wide = try await rig.key("Wide") {
        $0.owner = reference
        $0.scopes = ["bills:read", "orders:read"]
      }
      let other = try await rig.key("Bob's") {
        $0.owner = OwnerReference(name: "bob")
        $0.scopes = ["orders:read"]
      }
      let host = try await rig.key("Shop") {
        $0.scopes = ["cardea:portal:write", "orders:read", "orders:write"]
      }
      try await test(
        PortalRig(
          rig: rig, ann: try await rig.kernel.owner(reference), key: key, wide: wide, other: other,
          host: host))
    }
  }

  /// Who asks for links.
  func issuer() async throws -> Identity {
    let verdict = await rig.kernel.verify(
      token: Secret(host.token.utf8), facts: RequestFacts(method: "", path: ""))
    return try #require(verdict.identity)
  }

  func client() -> PageClient {
    PageClient(rig, root: "/keys", cookieName: "__Host-cardea-keys")
  }

  /// - Parameter name: under which the server is asked; its own address unless given.
  func link(
    _ body: String = #"{"owner": "ann"}"#, token: String? = nil, name: String? = nil
  ) async throws -> HTTPAnswer {
    let head =
      "POST /v1/portal-links HTTP/1.1\r\nHost: \(name ?? "127.0.0.1:\(rig.client.port)")\r\n"
      + "Connection: close\r\nX-API-Key: \(token ?? host.token)\r\n"
      + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
    return try HTTPAnswer(try await rig.client.raw(Array((head + body).utf8)))
  }

  /// The text of a fresh link.
  func text(_ body: String = #"{"owner": "ann"}"#) async throws -> String {
    let url = try #require(try await link(body).string("url"))
    return String(try #require(url.split(separator: "=").last))
  }

  /// A browser that a link has let in.
  func signedIn(_ body: String = #"{"owner": "ann"}"#) async throws -> PageClient {
    let client = client()
    let answer = try await client.send("POST", "/link", [("link", try await text(body))])
    #expect(answer.status == 303)
    return client
  }
}
