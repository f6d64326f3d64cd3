import Cardea
import CardeaServer
import CardeaTestSupport
import Logging
import Testing

@Suite("serving")
struct ServingTests {
  @Test func healthAndReadiness() async throws {
    let store = HeldStore(MemoryStore())
    try await ServerRig.run(store: store) { rig in
      #expect(try await rig.client.request("GET", "/healthz").text == #"{"status":"ok"}"#)
      #expect(try await rig.client.request("GET", "/readyz").text == #"{"status":"ready"}"#)
      // The test itself is a loopback peer that is no trusted proxy.
      _ = try await rig.client.request("GET", "/auth")
      #expect(
        try await rig.client.request("GET", "/readyz").text
          == #"{"status":"ready","warnings":["no_client_address"]}"#)
      store.fails = true
      let answer = try await rig.client.request("GET", "/readyz")
      #expect(answer.status == 503)
      #expect(answer.string("code") == "store_unavailable")
      #expect(answer.field("retry-after") == "1")
      #expect(try await rig.client.request("GET", "/healthz").status == 200)
      let listed = try await rig.client.json("GET", "/v1/keys", token: rig.admin)
      #expect(listed.status == 503)
      #expect(!listed.text.contains("told to fail"))
    }
  }

  @Test func unknownPathsAndMethods() async throws {
    try await ServerRig.run { rig in
      for path in [
        "//", "/auth/", "/Auth", "/v1", "/v1/", "/v1/keys/", "/v1//keys", "/v1/keys/x/y/z",
        "/v1/keys/x/nonsense", "/%61uth", "/auth/../v1/keys", "/v1/selfie", "/v1/self/rotate",
      ] {
        #expect(try await rig.client.request("GET", path).status == 404, "\(path)")
      }
      let calls = [
        ("DELETE", "/v1/keys", "GET, POST"), ("GET", "/v1/verify", "POST"),
        ("POST", "/v1/keys/x", "GET, PATCH"), ("GET", "/v1/keys/x/rotate", "POST"),
        ("POST", "/healthz", "GET"), ("PUT", "/v1/self", "GET"),
      ]
      for (method, path, allow) in calls {
        let answer = try await rig.client.request(method, path)
        #expect(answer.status == 405, "\(method) \(path)")
        #expect(answer.field("allow") == allow)
      }
      let head = try await rig.client.request("HEAD", "/healthz")
      #expect(head.status == 200)
      #expect(head.field("content-length") == "15")
      #expect(head.body.isEmpty)
    }
  }

  @Test func aClientsRequestIDIsKeptIfItIsOne() async throws {
    try await ServerRig.run { rig in
      for id in ["a", "A-b_c.9", String(repeating: "x", count: 64)] {
        let answer = try await rig.client.request(
          "GET", "/nowhere", headers: [("X-Request-Id", id)])
        #expect(answer.field("x-request-id") == id)
        #expect(answer.string("request_id") == id)
      }
      let token = "ab12CD34.0123456789abcdefABCD"
      for id in ["", "a b", "a\"b", "é", String(repeating: "x", count: 65), token] {
        let answer = try await rig.client.request(
          "GET", "/nowhere", headers: [("X-Request-Id", id)])
        #expect(answer.field("x-request-id") != id)
        #expect(answer.field("x-request-id")?.utf8.count == 16)
      }
      let twice = try await rig.client.request(
        "GET", "/nowhere", headers: [("X-Request-Id", "a"), ("X-Request-Id", "b")])
      #expect(twice.field("x-request-id")?.utf8.count == 16)
    }
  }

  @Test func noTokenIsInTheLogNorAnyQuery() async throws {
    let lines = Locked<[String]>([])
    let logger = Logger(label: "captured") { _ in CapturingLogHandler(lines: lines) }
    let proxies = [CIDR("127.0.0.1")].compactMap { $0 }
    try await ServerRig.run(
      logger: logger, options: { $0.queryNames = ["api_key"] },
      server: { $0.trustedProxies = proxies }
    ) { rig in
      let key = try await rig.key()
      let secret = String(key.token.drop { $0 != ":" }.dropFirst())
      _ = try await rig.client.json("GET", "/auth?scope=a", token: key.token)
      _ = try await rig.client.request(
        "GET", "/auth", headers: [("X-Forwarded-Uri", "/?api_key=\(key.token)")])
      _ = try await rig.client.json("GET", "/v1/keys?api_key=\(key.token)")
      _ = try await rig.client.json("GET", "/v1/keys?query=findme", token: rig.admin)
      _ = try await rig.client.json("POST", "/v1/keys/\(key.id)/rotate", token: rig.admin)
      _ = try await rig.client.json(
        "POST", "/v1/verify", token: rig.admin, #"{"token": "\#(key.token)"}"#)
      _ = try await rig.client.request(
        "GET", "/auth", headers: [("X-Forwarded-For", "garbage"), ("X-API-Key", key.token)])
      let log = lines.withLock { $0 }.joined(separator: "\n")
      #expect(log.contains("/v1/verify"))
      #expect(log.contains("X-Forwarded-For has an entry that is no address"))
      #expect(!log.contains("garbage"))
      #expect(!log.contains(secret))
      #expect(!log.contains("api_key"))
      #expect(!log.contains("findme"))
      #expect(!log.contains("scope=a"))
    }
  }

  @Test func theAddressOfARequestIsTheClientsOrNone() async throws {
    func addresses(
      trusting: [String], _ headers: [[(String, String)]]
    ) async throws -> [String?] {
      let seen = Locked<[String?]>([])
      try await ServerRig.run(server: { $0.trustedProxies = trusting.compactMap { CIDR($0) } }) {
        rig in
        let subscription = rig.kernel.signals.subscribe(
          AuthenticationFailed.self, id: "test.addresses",
          .queue(bound: 100, overflow: .dropNewest)
        ) { signal in seen.withLock { $0.append(signal.event.request.clientAddress) } }
        for header in headers { _ = try await rig.client.request("GET", "/auth", headers: header) }
        await rig.kernel.drain()
        subscription.cancel()
      }
      return seen.withLock { $0 }
    }
    let forwarded = [("X-Forwarded-For", "198.51.100.1, 192.0.2.7")]
    #expect(try await addresses(trusting: [], [[], forwarded]) == [nil, nil])
    #expect(
      try await addresses(
        trusting: ["127.0.0.0/8", "192.0.2.0/24"],
        [forwarded, [("X-Forwarded-For", "1.2.3.4, nonsense")]]) == ["198.51.100.1", nil])
  }
}

/// Keeps what was logged, at every level.
struct CapturingLogHandler: LogHandler {
  let lines: Locked<[String]>
  var logLevel = Logger.Level.trace
  var metadata = Logger.Metadata()

  init(lines: Locked<[String]>) { self.lines = lines }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let line = "\(event.message) \(event.metadata ?? [:]) \(metadata)"
    lines.withLock { $0.append(line) }
  }
}
