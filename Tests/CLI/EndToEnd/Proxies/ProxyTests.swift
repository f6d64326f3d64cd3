import CardeaContracts
import CardeaTestSupport
import Foundation
import Testing

/// How many hostile requests go to each proxy.
private let hostileRequests =
  ProcessInfo.processInfo.environment["CARDEA_PROXY_REQUESTS"].flatMap { Int($0) } ?? 250

/// Real nginx and real Caddy, with the configurations of `deploy/`, before a real server.
@Suite("Behind real proxies", .timeLimit(.minutes(5 + hostileRequests / 500)))
struct ProxyTests {
  private static let policies = """
    plugins:
      policy.allowed_routes: { methods: [GET, HEAD, POST, PUT] }
      policy.rate_limit: { rules: [slow 1/1h burst=1 path=/slow] }
    """

  @Test(arguments: ProxyKind.allCases)
  func letsThroughWhatCardeaAllows(_ kind: ProxyKind) async throws {
    let rig = try await ProxyRig(kind, settings: Self.policies)
    let client = rig.proxy.client()
    let token = rig.alice.token
    for credential in [
      ("X-API-Key", token), ("x-keysmith-token", token), ("X-Api-Authorization", token),
      ("Authorization", "Api-Key \(token)"), ("Authorization", "Bearer \(token)"),
    ] {
      let answer = try await client.request(
        "GET", "/orders/1?x=y&z=%20", headers: [credential, ("X-Cardea-Owner", "mallory")])
      #expect(answer.status == 200 && answer.text == "served", "\(answer.text)")
      let received = rig.service.take()
      #expect(received.count == 1)
      let request = try #require(received.first)
      #expect(request.target == "/orders/1?x=y&z=%20")
      #expect(request.carries(rig.alice.identity), "\(request)")
      #expect(!request.head.contains(rig.alice.secret), "the credential ends at the proxy")
    }
    // Two headers that Cardea leaves empty: the client's own don't stand in for them.
    let forged = [
      ("X-API-Key", rig.nobody.token), ("X-Cardea-Owner", "root"), ("x-cardea-scopes", "a"),
      ("X_Cardea_Owner", "root"), ("X.Cardea.Scopes", "cardea:admin"),
    ]
    #expect(try await client.request("GET", "/other", headers: forged).status == 200)
    let plain = try #require(rig.service.take().first)
    #expect(plain.carries(rig.nobody.identity), "\(plain)")
    // A body reaches the service, whatever was asked before.
    let body = Array(String(repeating: "body", count: 5_000).utf8)
    let posted = try await client.request(
      "POST", "/orders/", headers: [("X-API-Key", token)], body: body)
    #expect(posted.status == 200)
    #expect(rig.service.take().map(\.body) == [body])
    // An open place, in each of its spellings: nothing of what the client says of itself.
    for target in ["/health?a=b", "/orders/../health?a=b"] {
      let open = try await client.request(
        "GET", target, headers: [("X-Cardea-Owner", "root"), ("X_Cardea_Owner", "root")])
      #expect(open.status == 200)
      let health = try #require(rig.service.take().first)
      #expect(health.target == "/health?a=b")
      #expect(health.carries([:]), "\(health)")
    }
  }

  /// W3C Trace Context: what Cardea is asked and what the service is sent belong to the client's trace.
  @Test(arguments: ProxyKind.allCases)
  func handsOnTheTrace(_ kind: ProxyKind) async throws {
    let rig = try await ProxyRig(kind, settings: "log: { format: json, level: info }")
    let trace = "0af7651916cd43dd8448eb211c80319c"
    let parent = "00-\(trace)-b7ad6b7169203331-01"
    let answer = try await rig.proxy.client().request(
      "GET", "/orders/1",
      headers: [
        ("X-API-Key", rig.alice.token), ("traceparent", parent), ("tracestate", "a=1,b=2"),
      ])
    #expect(answer.status == 200)
    let request = try #require(rig.service.take().first)
    #expect(request.values("traceparent") == [parent])
    #expect(request.values("tracestate") == ["a=1,b=2"])
    #expect(rig.server.stop() == 0)
    let lines = rig.server.log().split(separator: "\n").compactMap {
      try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
    }
    let asked = lines.filter { $0["trace_id"] as? String == trace }
    #expect(asked.count == 1)
    #expect((asked.first?["route"] as? String)?.hasPrefix("/auth/\(kind)") == true)
    #expect(asked.first?["span_id"] as? String == "b7ad6b7169203331")
  }

  /// Over a Unix socket a proxy asks as it does over a port, and lets nobody in once nothing listens there.
  @Test(arguments: ProxyKind.allCases)
  func asksOverASocket(_ kind: ProxyKind) async throws {
    let program = try CardeaProgram()
    #expect(try program.run("init").status == 0)
    let token = try #require(try program.run("keys", "create", "key").lines.first)
    let server = try RunningServer(program, ["--socket", program.path("s")])
    let service = try StubService()
    let proxy = try RunningProxy(kind, service: service.port, socket: program.path("s"))
    let client = proxy.client()
    let answer = try await client.request("GET", "/x", headers: [("X-API-Key", token)])
    #expect(answer.status == 200 && answer.text == "served", "\(answer.text)")
    #expect(try await client.request("GET", "/x").status == 401)
    #expect(server.stop() == 0)
    let denied = try await client.request("GET", "/x", headers: [("X-API-Key", token)])
    #expect(denied.status >= 500)
  }

  /// H3: the client meets the status that Cardea meant, and never a 500.
  @Test(arguments: ProxyKind.allCases)
  func tellsWhyItDenies(_ kind: ProxyKind) async throws {
    let rig = try await ProxyRig(kind, settings: Self.policies)
    let client = rig.proxy.client()
    func denied(
      _ method: String, _ target: String, _ token: String?, _ status: Int, _ code: String
    ) async throws -> HTTPAnswer {
      let headers = token.map { [("X-API-Key", $0)] } ?? []
      let answer = try await client.request(method, target, headers: headers)
      #expect(answer.status == status, "\(method) \(target): \(answer.fields)")
      #expect(answer.string("code") == code, "\(answer.text)")
      #expect(answer.json["status"] as? Int == status)
      #expect(
        answer.fields.filter { $0.name == "content-type" }.map(\.value) == [
          "application/problem+json"
        ])
      #expect(answer.field("x-request-id") != nil)
      #expect(rig.service.take().isEmpty, "\(method) \(target)")
      return answer
    }
    let wrong = "\(rig.alice.token.dropLast())x"
    for token in [nil, "", "nonsense", wrong] {
      for target in ["/orders/1", "/other"] {
        let answer = try await denied("GET", target, token, 401, "unauthenticated")
        #expect(
          answer.fields.filter { $0.name == "www-authenticate" }.map(\.value) == [
            "Api-Key realm=\"cardea\""
          ])
      }
    }
    _ = try await denied("GET", "/orders/1", rig.nobody.token, 403, "insufficient_scope")
    _ = try await denied("PUT", "/orders/1", wrong, 401, "unauthenticated")
    // The policies see the client's own method and path, not what it says of them.
    _ = try await denied("DELETE", "/orders/1", rig.alice.token, 403, "policy_denied")
    let told = try await client.request(
      "DELETE", "/orders/1",
      headers: [("X-API-Key", rig.alice.token), ("X-Forwarded-Method", "GET")])
    #expect(told.status == 403)
    let slow = [("X-API-Key", rig.alice.token)]
    #expect(try await client.request("GET", "/slow", headers: slow).status == 200)
    #expect(rig.service.take().count == 1)
    let limited = try await denied("GET", "/slow", rig.alice.token, 429, "rate_limited")
    #expect(limited.field("retry-after").flatMap { Int($0) } ?? 0 > 0)
    #expect(limited.field("ratelimit")?.hasPrefix("\"slow\";r=0") == true)
    // After a revocation on the command line, within the lease.
    let prefix = String(rig.alice.token.prefix { $0 != ":" })
    #expect(try rig.program.run("keys", "revoke", prefix, "--yes").status == 0)
    while try await client.request("GET", "/other", headers: slow).status == 200 {}
    _ = rig.service.take()
    _ = try await denied("GET", "/other", rig.alice.token, 401, "unauthenticated")
  }

  /// H2: whatever is wrong with what answers in Cardea's place, nobody gets in.
  @Test(arguments: ProxyKind.allCases)
  func deniesWhenCardeaCanNotBeAsked(_ kind: ProxyKind) async throws {
    let reply = Locked(StubService.Reply.silence)
    let authorizer = try StubService { _ in reply.withLock { $0 } }
    let service = try StubService()
    let proxy = try RunningProxy(kind, service: service.port, authorizer: authorizer.port)
    let client = proxy.client()
    let headers = [("X-API-Key", "tok_ab12CD34:x"), ("X-Cardea-Owner", "mallory")]
    let long = String(repeating: "a", count: 100_000)
    let replies: [(String, StubService.Reply)] = [
      ("an error", .status(500, body: "oops")), ("another error", .status(502)),
      ("a redirection", .status(302, [("Location", "/health")])),
      ("not found", .status(404)), ("an odd status", .status(999)),
      ("oversized", .status(200, [("X-Cardea-Owner", long)])), ("nothing", .bytes([])),
      ("no HTTP", .bytes(Array("200 come in\r\n\r\n".utf8))),
      ("half an answer", .bytes(Array("HTTP/1.1 200 OK\r\nX-Cardea-Owner: a".utf8))),
      ("another protocol", .bytes([0x15, 3, 3, 0, 2, 2, 40])), ("too slow", .silence),
    ]
    for (what, bytes) in replies {
      reply.withLock { $0 = bytes }
      let answer = try await client.request("GET", "/orders/1", headers: headers)
      #expect(authorizer.take().count == 1, "\(what): it was asked once")
      #expect(answer.status >= 300, "\(what)")
      if kind == .nginx { #expect(answer.status == 503, "\(what)") }
      #expect(service.take().isEmpty, "\(what)")
    }
    // What nginx can't be told in so many words.
    if kind == .nginx {
      let fields = [
        ("X-Cardea-Status", "503"), ("X-Cardea-Code", "overloaded"), ("Retry-After", "7"),
      ]
      reply.withLock { $0 = .status(403, fields) }
      let answer = try await client.request("POST", "/orders/1", headers: headers, body: [1, 2, 3])
      #expect(answer.status == 503 && answer.string("code") == "overloaded")
      #expect(answer.fields.filter { $0.name == "retry-after" }.map(\.value) == ["7"])
    }
    // Allowed by somebody who is not Cardea and names nobody: not whom the client names, at least.
    reply.withLock { $0 = .status(200) }
    _ = authorizer.take()
    let unnamed = try await client.request("GET", "/orders/1", headers: headers)
    #expect(unnamed.status == 200)
    #expect(service.take().map { $0.head.contains("mallory") } == [false])
    authorizer.stop()
    let down = try await client.request("GET", "/orders/1", headers: headers)
    #expect(down.status >= 500)
    if kind == .nginx { #expect(down.status == 503) }
    #expect(service.take().isEmpty)
  }

  /// H1: `make proxies` sends many more; `CARDEA_PROXY_SEED` repeats a run.
  @Test(arguments: ProxyKind.allCases)
  func noHostileRequestIsTakenForSomebodyElse(_ kind: ProxyKind) async throws {
    let environment = ProcessInfo.processInfo.environment
    let count = hostileRequests
    let seed = environment["CARDEA_PROXY_SEED"].flatMap { UInt64($0) } ?? 4
    let rig = try await ProxyRig(
      kind,
      settings: "plugins:\n  policy.allowed_routes: { methods: [GET, HEAD, POST, PUT, OPTIONS] }\n")
    let client = rig.proxy.client()
    var requests = HostileRequests(seed: seed, alice: rig.alice, nobody: rig.nobody)
    var (served, denied) = (0, 0)
    for number in 0..<count {
      let request = requests.next(number)
      let bytes = try await client.raw(request.bytes)
      let status = (try? HTTPAnswer(bytes))?.status
      let received = rig.service.take()
      let report = "seed \(seed), \(number): \(status ?? 0) \(request.text)\n\(received)"
      #expect(status != 500, "\(report)")
      #expect(bytes.isEmpty || status != nil, "\(report)")
      #expect(status != 200 || !received.isEmpty, "\(report)")
      for one in received {
        #expect(fault(in: one, request) == nil, "\(fault(in: one, request) ?? "") \(report)")
      }
      if received.isEmpty { denied += 1 } else { served += 1 }
    }
    // The corpus is worth something only if it meets both.
    #expect(served >= count / 10 && denied >= count / 10, "\(served) served, \(denied) denied")
    #expect(
      try await client.request("GET", "/orders/1", headers: [("X-API-Key", rig.alice.token)]).status
        == 200)
  }

  /// What is wrong with a request that reached the service; `nil` if nothing is.
  private func fault(in one: RecordedRequest, _ request: HostileRequests.Request) -> String? {
    let parts = one.target.split(separator: "?", maxSplits: 1)
    guard parts.count == 2, parts[1].hasPrefix("probe=\(request.number)") else {
      return "it is not this one"
    }
    if one.carries([:]) { return parts[0] == "/health" ? nil : "it names nobody" }
    guard let presented = request.presented else { return "no token was presented" }
    guard one.carries(presented.identity) else { return "it is not whom Cardea named" }
    if one.head.contains(presented.secret) { return "it holds the credential" }
    if !["GET", "HEAD", "POST", "PUT", "OPTIONS"].contains(one.method) { return "no such method" }
    if presented.identity["x-cardea-scopes"] == "", normal(parts[0]).hasPrefix("/orders/") {
      return "the scope is missing"
    }
    return nil
  }

  /// A path as most services read it: decoded, without empty and dot segments.
  private func normal(_ path: Substring) -> String {
    var segments: [Substring] = []
    let decoded = String(path).removingPercentEncoding ?? String(path)
    for segment in decoded.split(separator: "/") where segment != "." {
      if segment == ".." { _ = segments.popLast() } else { segments.append(segment) }
    }
    return "/" + segments.joined(separator: "/") + (decoded.hasSuffix("/") ? "/" : "")
  }

  #if os(Linux)
    /// H7: a client is where the proxy sees it, whatever it says.
    @Test(arguments: ProxyKind.allCases)
    func believesTheProxyAndNotTheClientOfAddresses(_ kind: ProxyKind) async throws {
      let rig = try await ProxyRig(
        kind, settings: "plugins:\n  policy.allowed_addresses: { networks: [127.0.0.9/32] }\n")
      let inside = rig.proxy.client(from: "127.0.0.9")
      let outside = rig.proxy.client(from: "127.0.0.10")
      let claims: [[(String, String)]] = [
        [], [("X-Forwarded-For", "127.0.0.9")], [("X-Forwarded-For", "127.0.0.9, 127.0.0.1")],
        [("X-Forwarded-For", "127.0.0.9"), ("X-Forwarded-For", "127.0.0.9")],
        [("X-Forwarded-For", "nowhere")], [("X-Forwarded-For", ",,\u{7f},")],
        [("Forwarded", "for=127.0.0.9")],
        [("X-Real-IP", "127.0.0.9")], [("X_Forwarded_For", "127.0.0.9")],
        [("X-Forwarded-For", String(repeating: "127.0.0.9,", count: 400))],
      ]
      for claim in claims {
        let headers = [("X-API-Key", rig.alice.token)] + claim
        let refused = try await outside.request("GET", "/orders/1", headers: headers)
        #expect(refused.status == 403 || refused.status == 400, "\(claim)")
        #expect(rig.service.take().isEmpty, "\(claim)")
        let passed = try await inside.request("GET", "/orders/1", headers: headers)
        #expect(passed.status == 200 || refused.status == 400, "\(claim)")
        _ = rig.service.take()
      }
    }
  #endif
}
