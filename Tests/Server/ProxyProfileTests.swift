import Cardea
import CardeaServer
import CardeaTestSupport
import Testing

/// Each proxy's way of asking, as its documentation has it. nginx and Caddy themselves are met in `ProxyTests`.
@Suite("the profiles of proxies")
struct ProxyProfileTests {
  private typealias Headers = [(String, String)]

  private static let proxies = ["127.0.0.1"].compactMap { CIDR($0) }

  /// A server with a proxy on loopback, lists of methods and paths, and a key of each kind.
  private func serve(
    _ test: @Sendable @escaping (ServerRig, _ reader: String, _ plain: String) async throws -> Void
  ) async throws {
    let limits = try RateLimitPolicy([RateLimitRule("slow 1/1h burst=1 path=/orders/slow")])
    try await ServerRig.run(
      plugins: [GetBelowOrders(), limits], server: { $0.trustedProxies = Self.proxies }
    ) { rig in
      let reader = try await rig.key("reader") { $0.scopes = ["orders:read"] }
      try await test(rig, reader.token, try await rig.key("plain").token)
    }
  }

  private func forwarded(_ token: String?, _ uri: String, method: String = "GET") -> Headers {
    let told: Headers = [
      ("X-Forwarded-For", "192.0.2.7"), ("X-Forwarded-Method", method), ("X-Forwarded-Uri", uri),
      ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "service.example"),
    ]
    return told + (token.map { [("X-API-Key", $0)] } ?? [])
  }

  /// Caddy's forward_auth and Traefik's ForwardAuth ask with GET, HAProxy's auth-request with HEAD or what it
  /// is told; each takes any 2xx and hands everything else on to the client.
  @Test(arguments: ["caddy", "traefik", "haproxy"], ["GET", "HEAD", "POST"])
  func theOriginalRequestIsInFields(_ profile: String, _ method: String) async throws {
    try await serve { rig, reader, plain in
      func ask(_ headers: Headers, _ query: String = "?scope=orders:read") async throws
        -> HTTPAnswer
      {
        try await rig.client.request(method, "/auth/\(profile)\(query)", headers: headers)
      }
      let allowed = try await ask(forwarded(reader, "/orders/1?a=b"))
      #expect(allowed.status == 200)
      #expect(allowed.fields.filter { $0.name.hasPrefix("x-cardea-") }.count == 4)
      #expect(allowed.field("x-cardea-owner") == "")
      #expect(allowed.field("x-cardea-scopes") == "orders:read")
      #expect(allowed.field("content-length") == "0")
      #expect(try await ask(forwarded(reader, "/orders/1", method: "DELETE")).status == 403)
      #expect(try await ask(forwarded(reader, "/other")).status == 403)
      #expect(try await ask([("X-API-Key", reader)]).status == 403, "method and path are unknown")
      #expect(try await ask(forwarded(plain, "/orders/1")).status == 403)
      #expect(try await ask(forwarded(plain, "/orders/1"), "").status == 200)
      #expect(try await ask(forwarded(reader, "/orders/1"), "?class=internal").status == 403)
      #expect(try await ask(forwarded(reader, "/orders/1"), "?scopes=orders:read").status == 400)
      let refused = try await ask(forwarded(nil, "/orders/1"))
      #expect(refused.status == 401)
      #expect(refused.field("content-type") == "application/problem+json")
      #expect(refused.field("www-authenticate") != nil)
      #expect(try await ask(forwarded(reader, "/orders/slow")).status == 200)
      let limited = try await ask(forwarded(reader, "/orders/slow"))
      #expect(limited.status == 429)
      #expect(limited.field("retry-after") != nil)
    }
  }

  @Test func nginxIsAnsweredInItsTwoStatusesWithoutABody() async throws {
    try await serve { rig, reader, plain in
      func ask(_ headers: Headers, _ query: String = "?scope=orders:read") async throws
        -> HTTPAnswer
      {
        try await rig.client.request("GET", "/auth/nginx\(query)", headers: headers)
      }
      let allowed = try await ask(forwarded(reader, "/orders/1"))
      #expect(allowed.status == 200)
      #expect(allowed.field("x-cardea-status") == nil)
      #expect(try await ask(forwarded(reader, "/orders/slow")).status == 200)
      let denials: [(HTTPAnswer, Int, String, String)] = [
        (try await ask(forwarded(nil, "/orders/1")), 401, "401", "unauthenticated"),
        (try await ask(forwarded("nonsense", "/orders/1")), 401, "401", "unauthenticated"),
        (try await ask(forwarded(plain, "/orders/1")), 403, "403", "insufficient_scope"),
        (
          try await ask(forwarded(reader, "/orders/1", method: "DELETE")), 403, "403",
          "policy_denied"
        ),
        (try await ask(forwarded(reader, "/orders/slow")), 403, "429", "rate_limited"),
        // A requirement that is misspelt in the configuration.
        (try await ask(forwarded(reader, "/orders/1"), "?scopes=x"), 403, "400", "invalid"),
      ]
      for (answer, status, meant, code) in denials {
        #expect(answer.status == status, "\(code)")
        #expect(answer.field("x-cardea-status") == meant, "\(code)")
        #expect(answer.field("x-cardea-code") == code)
        #expect(answer.field("content-length") == "0" && answer.body.isEmpty, "\(code)")
        #expect(answer.field("content-type") == nil)
        #expect((answer.field("www-authenticate") != nil) == (status == 401))
        #expect(answer.field("cache-control") == "no-store")
        #expect(answer.field("x-request-id") != nil)
        #expect((answer.field("retry-after") != nil) == (meant == "429"))
        #expect((answer.field("ratelimit") != nil) == (meant == "429"))
        #expect(answer.fields.filter { $0.name.hasPrefix("x-cardea-") }.count == 2)
      }
    }
  }

  @Test func nginxLearnsOfA503() async throws {
    try await ServerRig.run(plugins: [Broken()]) { rig in
      let answer = try await rig.client.json("GET", "/auth/nginx", token: rig.admin)
      #expect(answer.status == 403)
      #expect(answer.field("x-cardea-status") == "503")
      #expect(answer.field("x-cardea-code") == "failed")
      #expect(answer.field("retry-after") == "1")
      #expect(answer.body.isEmpty)
    }
  }

  /// Envoy's ext_authz puts its path_prefix before the client's target and keeps the client's method.
  @Test func envoyAsksWithThePathItself() async throws {
    try await serve { rig, reader, plain in
      func ask(_ method: String, _ target: String, _ token: String = reader) async throws -> Int {
        try await rig.client.request(
          method, "/auth/envoy\(target)",
          headers: [("X-API-Key", token), ("X-Forwarded-For", "192.0.2.7")]
        ).status
      }
      let any = "/-/orders/1"
      let scope = "/s/orders:read/-/orders/1"
      #expect(try await ask("GET", any) == 200)
      #expect(try await ask("GET", any, plain) == 200)
      #expect(try await ask("GET", "\(any)?a=b&scope=x", plain) == 200, "the query is the client's")
      #expect(try await ask("GET", scope) == 200)
      #expect(try await ask("GET", scope, plain) == 403)
      #expect(try await ask("GET", "/s/orders%3Aread/-/orders/1", plain) == 403)
      #expect(try await ask("GET", "/any/x/any/orders:read/-/orders/1") == 200)
      #expect(try await ask("GET", "/any/x/any/y/-/orders/1") == 403)
      #expect(try await ask("GET", "/s/orders:read/c/internal/-/orders/1") == 403)
      // The policies see the client's own method and path.
      #expect(try await ask("DELETE", any) == 403)
      #expect(try await ask("GET", "/-/other") == 403)
      #expect(try await ask("GET", "/-/other/-/orders/1") == 403, "the first - is ours")
      #expect(try await ask("GET", "/-/s/x/-/orders/1") == 403)
      // What is no requirement, or does not end, is none of our configurations.
      for broken in [
        "", "/", "/orders/1", "/s/orders:read", "/s/orders:read/orders/1", "/s", "/s/-",
        "/s//-/orders/1",
        "/c//-/", "/c/a/c/b/-/", "/scope/orders:read/-/", "/s/%zz/-/", "-/orders/1",
      ] {
        let status = try await ask("GET", broken)
        #expect(status == 400 || status == 404 || status == 403, "\(broken)")
      }
      #expect(try await ask("GET", "-/orders/1") == 404)
      #expect(try await ask("GET", "/s/orders:read/orders/1") == 400)
      let refused = try await rig.client.request("PATCH", "/auth/envoy\(any)")
      #expect(refused.status == 401)
      #expect(refused.field("content-type") == "application/problem+json")
    }
  }

  @Test func onlyATrustedProxyTellsAPath() async throws {
    try await ServerRig.run(plugins: [GetBelowOrders()]) { rig in
      let token = try await rig.key().token
      let envoy = try await rig.client.json("GET", "/auth/envoy/-/orders/1", token: token)
      #expect(envoy.status == 403)
      let caddy = try await rig.client.request(
        "GET", "/auth/caddy", headers: forwarded(token, "/orders/1"))
      #expect(caddy.status == 403)
    }
  }

  @Test(arguments: ["/auth/apache", "/auth/", "/auth/nginx/", "/auth/envoyx", "/auth/caddy/x"])
  func noOtherPathAnswers(_ path: String) async throws {
    try await ServerRig.run { rig in
      let answer = try await rig.client.json("GET", path, token: rig.admin)
      #expect(answer.status == 404)
    }
  }
}

/// Allows `GET` below `/orders/` and nothing else.
private struct GetBelowOrders: Policy {
  let id = "policy.get_below_orders"

  func evaluate(_ context: PolicyContext) -> PolicyDecision {
    let isAllowed =
      context.request.method == "GET" && context.request.path.hasPrefix("/orders/")
    return isAllowed ? .pass : .deny(PolicyDenial(code: "get_below_orders"))
  }
}

/// Fails at each request.
private struct Broken: Policy {
  let id = "policy.broken"

  func evaluate(_ context: PolicyContext) throws -> PolicyDecision {
    throw HTTPClientError.unreadable("")
  }
}
