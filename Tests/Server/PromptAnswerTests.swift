import Cardea
import CardeaServer
import CardeaTestSupport
import Dispatch
import Testing

/// What is answered on the event loop is what Hummingbird would have answered.
@Suite("prompt answers")
struct PromptAnswerTests {
  private static let targets = [
    "/auth", "/auth/caddy", "/auth/traefik", "/auth/haproxy", "/auth/nginx",
    "/auth/envoy/-/orders/1?a=b", "/auth/envoy/s/orders:read/-/orders/1", "/auth?scope=orders:read",
    "/auth?any_scope=x&any_scope=orders:read", "/auth?class=internal", "/auth/nginx?class=internal",
    "/auth?scope=orders:write",
  ]

  private static func request(
    _ method: String = "GET", _ target: String = "/auth", _ fields: [String] = [],
    version: String = "1.1", body: String = ""
  ) -> String {
    (["\(method) \(target) HTTP/\(version)", "Host: test"] + fields + ["", body])
      .joined(separator: "\r\n")
  }

  /// Requests that are no plain question, with this key's token.
  private static func oddities(_ token: String) -> [String] {
    let key = "X-API-Key: \(token)"
    let fields: [[String]] = [
      ["x-api-key: \(token)"], [key, key], [key, "X-API-Key: other"],
      ["Authorization: Bearer \(token)"],
      ["authorization: Api-Key \(token)"], [key, "Authorization: Bearer \(token)"],
      [key, "Authorization: Bearer e.y.j"], ["X-API-Key:"], ["X-API-Key: \(token),\(token)"],
      ["X-API-Key: \(String(repeating: "x", count: 600))"], ["X-API-Key: \u{E9}"],
      [key, "X-Request-Id: of-the-client"], [key, "X-Request-Id: no id"],
      [key, "X-Request-Id: a", "X-Request-Id: b"], ["X-Request-Id: of-the-client"],
      [key, "User-Agent: curl/8"], [key, "Content-Length: 0"], [key, "Content-Length: 00"],
      [key, "Connection: keep-alive"], [key, "Connection: close"], [key, "Connection: Close"],
      [key, "Connection: keep-alive", "Connection: close"], [key, "Connection: close, x"],
      [key, "Upgrade: websocket"], [key, "Connection: Upgrade", "Upgrade: h2c"],
      [key, "Expect: 100-continue"], [key, "Content-Type: application/x-www-form-urlencoded"],
      [key, "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
      [key, "X-Forwarded-For: 192.0.2.7"], [key, "X-Forwarded-For: garbage"],
      ["X-Forwarded-For: 192.0.2.7"],
      [key, "X-Forwarded-Method: DELETE", "X-Forwarded-Uri: /orders/1?a=b"],
      ["X-Forwarded-Uri: /orders/1?api_key=\(token)"], ["X-Forwarded-Uri: /?api_key=%zz"],
      [key, "X-Forwarded-Method: A", "X-Forwarded-Method: B", "X-Forwarded-Uri: nowhere"],
    ]
    let bodies: [([String], String)] = [
      (["Content-Length: 3"], "abc"), (["Transfer-Encoding: chunked"], "3\r\nabc\r\n0\r\n\r\n"),
      (["Transfer-Encoding: chunked"], "0\r\nX-Trailer: x\r\n\r\n"),
      (
        ["Content-Type: application/x-www-form-urlencoded", "Content-Length: 7"], "a=b&c=d"
      ),
    ]
    let lines = [
      request("GET", "http://test/auth", [key]), request("GET", "//auth", [key]),
      request("GET", "/auth/", [key]), request("GET", "/authentic", [key]),
      request("GET", "/auth/nginx/x", [key]), request("GET", "/auth/envoyx", [key]),
      request("GET", "/auth/envoy/x", [key]), request("GET", "/%61uth", [key]),
      request("GET", "/auth?", [key]), request("GET", "/auth?scopes=x", [key]),
      request("GET", "/auth?scope=%zz", [key]), request("GET", "/auth/nginx?scopes=x", [key]),
      request("GET", "/auth?class=a&class=b", [key]), request("GET", "/auth?api_key=\(token)"),
      request("OPTIONS", "*", [key]), request("BREW", "/auth", [key]),
      request("GET", "/healthz", [key]), request("GET", "/v1/self", [key]),
      request("GET", "/auth", [key], version: "1.0"),
      request("GET", "/auth", [key, "Connection: keep-alive"], version: "1.0"),
      request("GET", "/auth", [key], version: "2.0"), "GET /auth HTTP/1.1\r\n\(key)\r\n\r\n",
      "GET /auth HTTP/1.1\r\nHost: a\r\nHost: b\r\n\(key)\r\n\r\n",
    ]
    let methods = ["HEAD", "POST", "DELETE", "OPTIONS"]
    return lines + fields.map { request("GET", "/auth", $0) }
      + bodies.map { request("POST", "/auth", [key] + $0, body: $1) }
      + methods.flatMap { method in
        ["/auth", "/auth/nginx", "/auth?scope=orders:write"].map { request(method, $0, [key]) }
      } + methods.map { request($0, "/auth") }
  }

  /// Keys in every state, and tokens of none.
  private static func tokens(_ twins: Twins) async throws -> [String?] {
    let reader = try await twins.key("reader") { $0.scopes = ["orders:read", "x"] }
    let owned = try await twins.key("owned") {
      $0.owner = OwnerReference(name: "alice@example.org")
      $0.keyClass = "internal"
      $0.scopes = ["orders:*"]
    }
    let states = [
      try await twins.key("suspended"), try await twins.key("revoked"),
      try await twins.key("purged"),
    ]
    let kernel = twins.prompt.kernel
    _ = try await kernel.suspendKey(states[0].id, by: .host)
    _ = try await kernel.revokeKey(states[1].id, by: .host)
    _ = try await kernel.purgeKey(states[2].id, by: .host)
    let expired = try await twins.key("expired") { $0.expiry = .after(.seconds(1)) }
    twins.clock.advance(by: 2)
    func stranger(under prefix: String? = nil) throws -> String {
      try KeysmithFormat().build(
        TokenRequest(
          namespace: "tok", identifierLength: 8, secretLength: 32, prefix: prefix,
          primitives: kernel.primitives)
      ).token.reveal()
    }
    let wrong = try stranger(under: String(reader.token.prefix { $0 != ":" }))
    return [reader.token, owned.token] + states.map(\.token) + [
      expired.token, wrong, try stranger(), "nonsense", nil,
    ]
  }

  private static func limits() throws -> [any Plugin] {
    [
      try RateLimitPolicy([
        RateLimitRule("minute 1000/1m burst=900"), RateLimitRule("few 3/1h path=/few burst=3"),
      ])
    ]
  }

  @Test(arguments: Waiting.allCases) func areThoseOfTheOtherWay(_ waiting: Waiting) async throws {
    try await Twins.run(
      plugins: { try Self.limits() + waiting.sinks() },
      server: {
        $0.trustedProxies = ["127.0.0.1"].compactMap { CIDR($0) }
        $0.readsForms = true
      }
    ) { twins in
      let tokens = try await Self.tokens(twins)
      var requests = Self.targets.flatMap { target in
        tokens.map { Self.request("GET", target, $0.map { ["X-API-Key: \($0)"] } ?? []) }
      }
      let good = try #require(tokens[0])
      requests += Self.oddities(good)
      for _ in 0..<5 {
        requests.append(
          Self.request(
            "GET", "/auth",
            ["X-API-Key: \(good)", "X-Forwarded-Method: GET", "X-Forwarded-Uri: /few"]))
      }
      // The first time the store is asked, the second time memory.
      for round in 1...2 {
        for request in requests {
          let (prompt, plain) = try await twins.answers(to: request)
          #expect(prompt == plain, "round \(round): \(request)")
          #expect(prompt.hasPrefix("HTTP/1.1 "), "round \(round): \(request)")
        }
      }
      #expect(twins.prompt.recorded.withLock { $0 } == twins.plain.recorded.withLock { $0 })
      #expect(twins.prompt.lines.withLock { $0 } == twins.plain.lines.withLock { $0 })
      #expect(twins.prompt.recorded.withLock { $0 }.count > 200)
      #expect(twins.prompt.lines.withLock { $0 }.count > requests.count)
    }
  }

  /// Else the comparison above compares nothing.
  @Test(arguments: Waiting.allCases) func areGivenOnTheEventLoop(_ waiting: Waiting) async throws {
    try await Twins.run(plugins: waiting.sinks) { twins in
      let token = try await twins.key { $0.scopes = ["orders:read"] }.token
      let targets = Self.targets.filter { !$0.contains("internal") && !$0.contains("write") }
      for target in targets {
        let request = Self.request("GET", target, ["X-API-Key: \(token)", "X-Request-Id: a"])
        _ = try await twins.answers(to: request)
      }
      let head = Self.request("HEAD", "/auth", ["X-API-Key: \(token)"])
      _ = try await twins.answers(to: head)
      // The first one was not in memory.
      let expected = [false] + Array(repeating: true, count: targets.count)
      #expect(twins.prompt.isOnLoop.withLock { $0 } == expected)
      #expect(twins.plain.isOnLoop.withLock { !$0.contains(true) })
    }
  }

  /// From the second on, most requests of a connection are not even shown to the parser.
  @Test(arguments: Waiting.allCases) func areThoseOfTheOtherWayBehindOthers(
    _ waiting: Waiting
  ) async throws {
    try await Twins.run(
      plugins: { try Self.limits() + waiting.sinks() },
      server: { $0.trustedProxies = ["127.0.0.1"].compactMap { CIDR($0) } }
    ) { twins in
      let tokens = try await Self.tokens(twins)
      let good = try #require(tokens[0])
      let plain = Self.request("GET", "/auth", ["X-API-Key: \(good)"])
      for target in Self.targets {
        let line = tokens.map {
          Self.request("GET", target, $0.map { ["X-API-Key: \($0)"] } ?? [])
        }
        // The first time the store is asked, the second time memory.
        for _ in 1...2 {
          let (prompt, other) = try await twins.answers(to: plain + line.joined() + plain)
          #expect(prompt == other, "\(target)")
          #expect(prompt.components(separatedBy: "HTTP/1.1 ").count == line.count + 3)
        }
      }
      for request in Self.oddities(good) {
        let (prompt, other) = try await twins.answers(to: plain + plain + request + plain + plain)
        #expect(prompt == other, "\(request)")
      }
      #expect(twins.prompt.recorded.withLock { $0 } == twins.plain.recorded.withLock { $0 })
      #expect(twins.prompt.lines.withLock { $0 } == twins.plain.lines.withLock { $0 })
    }
  }

  /// One behind the other on one connection: the answers come in the order of the requests.
  @Test(arguments: Waiting.allCases) func keepTheirPlaceInTheLine(_ waiting: Waiting) async throws {
    try await Twins.run(plugins: waiting.sinks) { twins in
      let key = "X-API-Key: \(try await twins.key().token)"
      let warm = Self.request("GET", "/auth", [key])
      let body = "{\"token\": \"x\"}"
      let kinds = [
        warm, Self.request("GET", "/healthz"), Self.request("HEAD", "/auth", [key]),
        Self.request(
          "POST", "/v1/verify",
          ["Content-Type: application/json", "Content-Length: \(body.utf8.count)"],
          body: body), Self.request("GET", "/openapi.yaml"), Self.request("GET", "/auth"),
        Self.request("POST", "/auth", [key, "Content-Length: 2"], body: "ab"),
        Self.request("POST", "/nowhere", ["Content-Length: 2"], body: "ab"),
      ]
      var random = SplitMix64(seed: 7)
      for _ in 0..<20 {
        let line = (0..<30).map { _ in kinds[Int(random.next() % UInt64(kinds.count))] }
        let (answers, plain) = try await twins.answers(to: line.joined())
        #expect(answers == plain)
        #expect(answers.components(separatedBy: "HTTP/1.1 ").count > 30)
      }
      // Behind one that is to be the last nothing is answered, and behind what is no HTTP neither.
      for end in [Self.request("GET", "/healthz", ["Connection: close"]), "NONSENSE\r\n\r\n"] {
        let (answers, plain) = try await twins.answers(to: warm + warm + end + warm + warm)
        #expect(answers == plain)
      }
      #expect(twins.prompt.isOnLoop.withLock { $0.contains(true) })
      #expect(twins.prompt.recorded.withLock { $0 } == twins.plain.recorded.withLock { $0 })
    }
  }

  /// A connection that sends a thousand at once does not keep the loop from the others.
  @Test func leaveMostOfABurstToTheOtherWay() async throws {
    try await Twins.run { twins in
      let request = Self.request("GET", "/auth", ["X-API-Key: \(try await twins.key().token)"])
      _ = try await twins.answers(to: request)
      let (prompt, plain) = try await twins.answers(to: String(repeating: request, count: 1_000))
      #expect(prompt == plain)
      #expect(prompt.components(separatedBy: "HTTP/1.1 200").count == 1_001)
      let isOnLoop = twins.prompt.isOnLoop.withLock { $0.dropFirst() }
      #expect(isOnLoop.contains(true))
      #expect(isOnLoop.contains(false))
    }
  }

  /// Some answers need no body: whoever waits for one before sending it gets it.
  @Test func keepNobodyWaitingForABody() async throws {
    try await Twins.run(server: { $0.requestTimeout = .seconds(5) }) { twins in
      for path in ["/v1/verify", "/auth"] {
        let (prompt, plain) = try await twins.answers(
          to: Self.request(
            "POST", path,
            [
              "Content-Type: application/json", "Expect: 100-continue", "Content-Length: 99999999",
            ]))
        #expect(prompt == plain)
        #expect(prompt.hasPrefix("HTTP/1.1 4"), "\(path)")
      }
    }
  }

  /// Nobody is answered before the sink has it, and what comes behind waits for its turn.
  @Test func areGivenOutWhenTheyAreRecorded() async throws {
    let held = HeldSink()
    try await Twins.run(plugins: { [held] }) { twins in
      let key = "X-API-Key: \(try await twins.key().token)"
      let warm = Self.request("GET", "/auth", [key])
      _ = try await twins.answers(to: warm)
      held.holds()
      let line = warm + Self.request("GET", "/healthz") + warm + "NONSENSE\r\n\r\n"
      async let promptly = twins.prompt.client.raw(Array(line.utf8))
      async let plainly = twins.plain.client.raw(Array(line.utf8))
      // One of each server.
      while held.waiting < 2 { await Task.yield() }
      try await Task.sleep(for: .milliseconds(50))
      #expect(held.waiting == 2)
      #expect(twins.prompt.recorded.withLock { $0.count } == 1)
      held.letGo()
      let given = Twins.comparable(try await promptly)
      #expect(given == Twins.comparable(try await plainly))
      #expect(given.components(separatedBy: "HTTP/1.1 200").count == 4)
      #expect(twins.prompt.recorded.withLock { $0.count } == 3)
    }
  }

  /// A connection to each, on which a warm request has been answered already.
  private static func connections(
    _ twins: Twins, after warm: String
  ) async throws -> [TricklingClient] {
    _ = try await twins.answers(to: warm)
    let clients = try [twins.prompt, twins.plain].map { try TricklingClient(port: $0.client.port) }
    for client in clients {
      await client.repeats(warm, 1, every: .zero)
      while !client.hasAnswer { await Task.yield() }
    }
    return clients
  }

  /// The same where the request before has been answered: then even the parser waits.
  @Test func areGivenOutWhenTheyAreRecordedBehindOthers() async throws {
    let held = HeldSink()
    try await Twins.run(plugins: { [held] }) { twins in
      let key = "X-API-Key: \(try await twins.key().token)"
      let warm = Self.request("GET", "/auth", [key])
      let clients = try await Self.connections(twins, after: warm)
      held.holds()
      let line = warm + Self.request("GET", "/healthz") + warm + "NONSENSE\r\n\r\n"
      async let promptly = clients[0].answer(to: line)
      async let plainly = clients[1].answer(to: line)
      while held.waiting < 2 { await Task.yield() }
      try await Task.sleep(for: .milliseconds(50))
      #expect(held.waiting == 2)
      #expect(twins.prompt.recorded.withLock { $0.count } == 2)
      held.letGo()
      let given = Twins.comparable(Array(await promptly.text.utf8))
      #expect(given == Twins.comparable(Array(await plainly.text.utf8)))
      #expect(given.components(separatedBy: "HTTP/1.1 200").count == 5)
      #expect(twins.prompt.recorded.withLock { $0.count } == 4)
    }
  }

  /// A server that is told to stop waits for the sink, or for what decides, answers, and closes the connection.
  @Test(arguments: [false, true])
  func areGivenOutByAServerThatStops(_ isDecided: Bool) async throws {
    let held: any Held = isDecided ? HeldSink() : HeldPolicy()
    try await Twins.run(plugins: { [held] }) { twins in
      let key = "X-API-Key: \(try await twins.key().token)"
      let request = Self.request("GET", "/auth", [key])
      let clients = try await Self.connections(twins, after: request)
      held.holds()
      async let promptly = clients[0].answer(to: request)
      async let plainly = clients[1].answer(to: request)
      while held.waiting < 2 { await Task.yield() }
      twins.stop()
      for twin in [twins.prompt, twins.plain] {
        while (try? await twin.client.request("GET", "/healthz")) != nil {}
      }
      held.letGo()
      for given in await [promptly, plainly] {
        #expect(given.text.components(separatedBy: "HTTP/1.1 200").count == 3)
        #expect(given.isClosed)
      }
      #expect(twins.prompt.isOnLoop.withLock { $0.last } == isDecided)
    }
  }

  /// A connection whose answer takes longer than it may be idle is not idle.
  @Test(arguments: [false, true])
  func areGivenOutHoweverLongTheyTake(_ isDecided: Bool) async throws {
    let held: any Held = isDecided ? HeldSink() : HeldPolicy()
    try await Twins.run(plugins: { [held] }, server: { $0.idleTimeout = .seconds(2) }) { twins in
      let key = "X-API-Key: \(try await twins.key().token)"
      let request = Self.request("GET", "/auth", [key])
      let clients = try await Self.connections(twins, after: request)
      held.holds()
      async let promptly = clients[0].answer(to: request)
      async let plainly = clients[1].answer(to: request)
      while held.waiting < 2 { await Task.yield() }
      try await Task.sleep(for: .milliseconds(3_500))
      held.letGo()
      for given in await [promptly, plainly] {
        #expect(given.text.components(separatedBy: "HTTP/1.1 200").count == 3)
        #expect(given.isClosed)
      }
    }
  }

  /// Nobody is there when the sink answers.
  @Test func areForNobodyOnceTheClientHasGone() async throws {
    let held = HeldSink()
    try await Twins.run(plugins: { [held] }) { twins in
      let warm = Self.request("GET", "/auth", ["X-API-Key: \(try await twins.key().token)"])
      _ = try await twins.answers(to: warm)
      held.holds()
      for client in [twins.prompt.client, twins.plain.client] {
        do {
          let gone = try TricklingClient(port: client.port)
          await gone.repeats(warm + warm, 1, every: .zero)
          while held.waiting < 1 { await Task.yield() }
        }
        held.letGo()
        held.holds()
      }
      held.letGo()
      let (given, plain) = try await twins.answers(to: warm)
      #expect(given == plain)
      #expect(given.hasPrefix("HTTP/1.1 200"))
    }
  }

  /// A sink that fails denies either way.
  @Test func areDenialsWhereTheyCanNotBeRecorded() async throws {
    let held = HeldSink()
    try await Twins.run(plugins: { [held] }) { twins in
      let request = Self.request("GET", "/auth", ["X-API-Key: \(try await twins.key().token)"])
      _ = try await twins.answers(to: request)
      held.fails()
      let (prompt, plain) = try await twins.answers(to: request)
      #expect(prompt == plain)
      #expect(prompt.hasPrefix("HTTP/1.1 503"))
      #expect(prompt.contains("audit_unavailable"))
      #expect(twins.prompt.isOnLoop.withLock { $0 } == [false, true])
    }
  }

  /// What goes beyond the failed attempts that an address has is refused without a task.
  @Test(arguments: Waiting.allCases) func refuseAFlood(_ waiting: Waiting) async throws {
    try await Twins.run(
      plugins: waiting.sinks,
      server: { $0.trustedProxies = ["127.0.0.1"].compactMap { CIDR($0) } }
    ) { twins in
      let prefix = try await twins.key().token.prefix { $0 != ":" }
      for _ in 0..<13 {
        let wrong = try KeysmithFormat().build(
          TokenRequest(
            namespace: "tok", identifierLength: 8, secretLength: 32, prefix: String(prefix),
            primitives: twins.prompt.kernel.primitives)
        ).token.reveal()
        let (prompt, plain) = try await twins.answers(
          to: Self.request(
            "GET", "/auth", ["X-API-Key: \(wrong)", "X-Forwarded-For: 192.0.2.9"]))
        #expect(prompt == plain)
      }
      // What takes the store is decided in a task; where somebody has to be waited for, it is given out on the loop.
      let guesses = Array(repeating: waiting != .forNobody, count: 10)
      #expect(twins.prompt.isRecordedOnLoop.withLock { $0 } == guesses + [true, true, true])
      #expect(
        twins.prompt.recorded.withLock { $0.suffix(3).map(\.reason) }
          == Array(repeating: .rateLimited, count: 3))
      #expect(twins.prompt.recorded.withLock { $0 } == twins.plain.recorded.withLock { $0 })
    }
  }
}

/// Whether an audit sink has to be waited for.
enum Waiting: CaseIterable, Sendable {
  case forNobody, forATask, forAQueue

  func sinks() -> [any Plugin] {
    switch self {
    case .forNobody: []
    case .forATask: [PatientSink()]
    case .forAQueue: [HeldSink()]
    }
  }
}

/// Leaves the kernel to make its promise known to who can't suspend.
private struct PatientSink: AsyncAuditSink {
  let id = "test.patient"

  func record(_ event: AccessEvent) async throws { await Task.yield() }
}

/// What a verdict waits for.
private protocol Held: Plugin {
  /// How many wait.
  var waiting: Int { get }
  /// From the next one on.
  func holds()
  func letGo()
}

/// Lets everybody pass, on a queue of its own, unless it is told to wait.
private final class HeldPolicy: AsyncPolicy, Held {
  let id = "test.held"
  let deadline = Duration.seconds(60)
  private let queue = DispatchQueue(label: "test.held")
  private let state = Locked(0)

  var waiting: Int { state.withLock { $0 } }

  func holds() { queue.suspend() }

  func letGo() { queue.resume() }

  func evaluate(_ context: PolicyContext) async -> PolicyDecision {
    state.withLock { $0 += 1 }
    return await withCheckedContinuation { continuation in
      queue.async { [self] in
        state.withLock { $0 -= 1 }
        continuation.resume(returning: .pass)
      }
    }
  }
}

/// Answers on a queue of its own, unless it is told to wait.
private final class HeldSink: AsyncAuditSink, Held {
  let id = "test.held"
  private let queue = DispatchQueue(label: "test.held")
  private let state = Locked((isFailing: false, waiting: 0))

  private struct Broken: Error {}

  var waiting: Int { state.withLock { $0.waiting } }

  func holds() { queue.suspend() }

  func letGo() {
    queue.resume()
    queue.sync {}
  }

  func fails() { state.withLock { $0.isFailing = true } }

  func record(_ event: AccessEvent) async throws {
    let failure = await withCheckedContinuation { continuation in
      record(event) { continuation.resume(returning: $0) }
    }
    if let failure { throw failure }
  }

  func record(
    _ event: AccessEvent, then done: @escaping @Sendable ((any Error)?) -> Void
  ) {
    state.withLock { $0.waiting += 1 }
    queue.async { [self] in
      let isFailing = state.withLock { state in
        state.waiting -= 1
        return state.isFailing
      }
      done(isFailing ? Broken() : nil)
    }
  }
}
