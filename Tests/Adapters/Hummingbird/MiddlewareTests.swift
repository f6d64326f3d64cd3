import Cardea
import CardeaHTTPTypes
import CardeaHummingbird
import CardeaTestSupport
import Hummingbird
import Logging
import Testing

@Suite("the Hummingbird middleware, in a service of its own")
struct MiddlewareTests {
  struct User: Sendable, Equatable {
    let name: String
  }

  typealias Context = BasicCardeaRequestContext<User>

  /// Runs a service with these routes.
  private func serve(
    _ kernel: AuthKernel, _ routes: (Router<Context>) -> Void,
    _ test: @Sendable @escaping (HTTPClient) async throws -> Void
  ) async throws {
    let router = Router(context: Context.self)
    routes(router)
    let (ports, port) = AsyncStream<Int>.makeStream()
    let application = Application(
      router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { channel in
        if let number = channel.localAddress?.port { port.yield(number) }
      },
      logger: Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { port.finish() }
        try await application.run()
      }
      var iterator = ports.makeAsyncIterator()
      if let number = await iterator.next() {
        try await test(HTTPClient(port: number))
        group.cancelAll()
      }
      do { try await group.waitForAll() } catch is CancellationError {}
    }
  }

  private func kernel() async throws -> AuthKernel {
    var options = StandardOptions()
    options.pbkdf2Iterations = 10_000
    options.formNames = ["api_key"]
    let kernel = try AuthKernel.standard(store: MemoryStore(), options: options)
    try await kernel.start()
    return kernel
  }

  private func token(
    _ kernel: AuthKernel, _ fill: (inout NewKey) -> Void = { _ in }
  ) async throws -> String {
    var new = NewKey(name: "client")
    fill(&new)
    return try await kernel.createKey(new, by: .host).token.reveal()
  }

  @Test func requiredLetsOnlyValidKeysOn() async throws {
    let kernel = try await kernel()
    let good = try await token(kernel) { $0.owner = OwnerReference(name: "alice") }
    try await serve(kernel) { router in
      router.group("orders").add(middleware: APIKeyMiddleware(kernel)).get { _, context in
        "\(context.identity?.name ?? "nobody") of \(context.identity?.owner ?? "nobody")"
      }
      router.get("open") { _, _ in "open" }
    } _: { client in
      #expect(try await client.request("GET", "/open").text == "open")
      let allowed = try await client.json("GET", "/orders", token: good)
      #expect(allowed.status == 200)
      #expect(allowed.text == "client of alice")
      let warm = try await client.json("GET", "/orders", token: good)
      #expect(warm.text == "client of alice")
      let missing = try await client.request("GET", "/orders")
      let wrong = try await client.json("GET", "/orders", token: good + "x")
      for refused in [missing, wrong] {
        #expect(refused.status == 401)
        #expect(refused.field("www-authenticate") == "Api-Key realm=\"cardea\"")
        #expect(refused.field("content-type") == "application/problem+json")
        #expect(refused.field("cache-control") == "no-store")
      }
      #expect(missing.body == wrong.body)
    }
    await kernel.shutdown()
  }

  @Test func takesASessionUntilItsUserLogsOut() async throws {
    let kernel = try await kernel()
    let key = try await token(kernel) { $0.owner = OwnerReference(name: "alice") }
    try await serve(kernel) { router in
      let own = router.group("session").add(middleware: APIKeyMiddleware(kernel))
      own.post { _, context in
        guard let identity = context.identity else { throw HTTPError(.unauthorized) }
        return try kernel.createSession(for: identity).token.reveal()
      }
      own.delete { request, context in
        guard let identity = context.identity else { throw HTTPError(.unauthorized) }
        try await kernel.logOut(identity, request: RequestFacts(HTTPTypesRequest(request.head)))
        return HTTPResponse.Status.noContent
      }
      router.group("orders").add(middleware: APIKeyMiddleware(kernel)).get { _, context in
        "\(context.identity?.owner ?? "nobody"), \(context.identity?.session == nil)"
      }
    } _: { client in
      let made = try await client.json("POST", "/session", token: key)
      #expect(made.status == 200)
      let session = [("X-Session-Token", made.text)]
      for _ in 0..<2 {
        let answer = try await client.request("GET", "/orders", headers: session)
        #expect(answer.text == "alice, false")
      }
      let ended = try await client.request("DELETE", "/session", headers: session)
      #expect(ended.status == 204)
      let after = try await client.request("GET", "/orders", headers: session)
      let stranger = try await client.request("GET", "/orders")
      #expect(after.status == 401)
      #expect(after.body == stranger.body)
    }
    await kernel.shutdown()
  }

  @Test func optionalGoesOnWithoutATokenButNotWithABadOne() async throws {
    let kernel = try await kernel()
    let good = try await token(kernel)
    try await serve(kernel) { router in
      router.add(middleware: APIKeyMiddleware(kernel, mode: .optional))
      router.get("who") { _, context in context.identity?.name ?? "nobody" }
      router.group("inner").requireKey().get { _, _ in "inner" }
    } _: { client in
      let nobody = try await client.request("GET", "/who")
      #expect(nobody.text == "nobody")
      #expect(try await client.json("GET", "/who", token: good).text == "client")
      #expect(try await client.json("GET", "/who", token: "bad").status == 401)
      #expect(try await client.request("GET", "/inner").status == 401)
      #expect(try await client.json("GET", "/inner", token: good).status == 200)
    }
    await kernel.shutdown()
  }

  @Test func scopesAndClassesAreDemandedOfRoutesAndGroups() async throws {
    let kernel = try await kernel()
    let reader = try await token(kernel) { $0.scopes = ["orders:read"] }
    let inside = try await token(kernel) {
      $0.scopes = ["orders:*"]
      $0.keyClass = "internal"
    }
    let texts = RefusalTexts(byReason: [.insufficientScope: "Ask sales for orders:write."])
    try await serve(kernel) { router in
      let api = router.group("api").add(middleware: APIKeyMiddleware(kernel))
      api.requireScopes("orders:read").get("orders") { _, _ in "read" }
      api.requireScopes("orders:read", "orders:write", texts: texts).post("orders") { _, _ in
        "write"
      }
      api.requireKey(class: "internal").get("internal") { _, _ in "internal" }
      router.group("strict").add(
        middleware: APIKeyMiddleware(kernel, requiring: Requirement(scopes: ["orders:write"]))
      ).get { _, _ in "strict" }
      router.group("bare").add(middleware: RequireKey(Requirement(scopes: ["orders:read"])))
        .get { _, _ in "bare" }
    } _: { client in
      #expect(try await client.json("GET", "/api/orders", token: reader).text == "read")
      let forbidden = try await client.json("POST", "/api/orders", token: reader)
      #expect(forbidden.status == 403)
      #expect(forbidden.string("code") == "insufficient_scope")
      #expect(forbidden.string("detail") == "Ask sales for orders:write.")
      #expect(try await client.json("POST", "/api/orders", token: inside).text == "write")
      let wrongClass = try await client.json("GET", "/api/internal", token: reader)
      #expect(wrongClass.status == 403)
      #expect(wrongClass.string("code") == "wrong_class")
      #expect(try await client.json("GET", "/api/internal", token: inside).text == "internal")
      #expect(try await client.json("GET", "/strict", token: reader).status == 403)
      #expect(try await client.json("GET", "/strict", token: inside).text == "strict")
      // A demand without the middleware in front refuses everybody.
      #expect(try await client.json("GET", "/bare", token: reader).status == 401)
    }
    await kernel.shutdown()
  }

  /// What a route refuses is recorded as refused, not only as the success that came before.
  @Test func theRefusalOfARouteIsRecorded() async throws {
    let kernel = try await kernel()
    let reader = try await token(kernel) { $0.scopes = ["orders:read"] }
    let seen = Locked<[String]>([])
    let subscriptions = [
      kernel.signals.subscribe(
        UserLoggedIn.self, id: "in", .queue(bound: 100, overflow: .dropNewest)
      ) { signal in seen.withLock { $0.append("in \(signal.event.request.path)") } },
      kernel.signals.subscribe(
        AuthenticationFailed.self, id: "failed", .queue(bound: 100, overflow: .dropNewest)
      ) { signal in
        let event = signal.event
        let reason = event.reason?.rawValue ?? ""
        seen.withLock { $0.append("\(reason) \(event.request.path) \(event.keyID != nil)") }
      },
    ]
    try await serve(kernel) { router in
      let api = router.group("api").add(middleware: APIKeyMiddleware(kernel))
      api.requireScopes("orders:write").get("write") { _, _ in "write" }
      api.requireScopes(any: "orders:write", "orders:read").get("any") { _, _ in "any" }
      api.requireScopes(any: "a", "b").get("none") { _, _ in "none" }
      api.requireKey(class: "internal").get("internal") { _, _ in "internal" }
      router.group("either").add(middleware: anyOf(APIKeyMiddleware(kernel)) { _, _ in nil })
        .requireScopes("a").get { _, _ in "either" }
      router.group("strict").add(
        middleware: APIKeyMiddleware(kernel, requiring: Requirement(scopes: ["orders:write"]))
      ).get { _, _ in "strict" }
    } _: { client in
      for (path, status) in [
        ("/api/write", 403), ("/api/any", 200), ("/api/none", 403), ("/api/internal", 403),
        ("/either", 403), ("/strict", 403),
      ] {
        let answer = try await client.json("GET", path, token: reader)
        #expect(answer.status == status, "\(path)")
        await kernel.drain()
        let refused = status == 403 ? answer.string("code").map { ["\($0) \(path) true"] } : []
        // A demand that is known before makes one record, one that comes after two.
        let expected = (path == "/strict" ? [] : ["in \(path)"]) + (refused ?? [])
        #expect(Set(seen.withLock { $0 }) == Set(expected))
        seen.withLock { $0 = [] }
      }
    }
    for subscription in subscriptions { subscription.cancel() }
    await kernel.shutdown()
  }

  @Test func limitsAndTextsOfTheKernelReachTheClient() async throws {
    var options = StandardOptions()
    options.pbkdf2Iterations = 10_000
    var registry = Registry()
    registry.use(try StandardPlugins(options))
    registry.use(MemoryStore())
    registry.use(try RefillingQuotaPolicy([QuotaRule("calls 2 monthly")]))
    var configuration = KernelConfiguration()
    configuration.refusalTexts = RefusalTexts(
      unauthenticated: "No.", byReason: [.rateLimited: "Enough.", .insufficientScope: "Ask."])
    let kernel = try AuthKernel(registry, configuration: configuration)
    try await kernel.start()
    let good = try await token(kernel)
    try await serve(kernel) { router in
      let api = router.group("api").add(middleware: APIKeyMiddleware(kernel))
      api.get { _, _ in "" }
      api.requireScopes("a").get("a") { _, _ in "" }
    } _: { client in
      let first = try await client.json("GET", "/api", token: good)
      #expect(first.status == 200)
      #expect(first.field("ratelimit")?.hasPrefix("\"calls\";r=1;t=") == true)
      #expect(first.field("ratelimit-policy")?.hasPrefix("\"calls\";q=2;w=") == true)
      #expect(try await client.json("GET", "/api/a", token: good).string("detail") == "Ask.")
      let limited = try await client.json("GET", "/api", token: good)
      #expect(limited.status == 429)
      #expect(limited.string("detail") == "Enough.")
      #expect(limited.field("ratelimit")?.hasPrefix("\"calls\";r=0;t=") == true)
      let stranger = try await client.request("GET", "/api")
      #expect(stranger.string("detail") == "No.")
      #expect(stranger.field("ratelimit") == nil)
    }
    await kernel.shutdown()
  }

  @Test func anyOfGrantsWhenEitherDoes() async throws {
    struct Broken: Error {}
    let kernel = try await kernel()
    let good = try await token(kernel)
    let own: OwnAuthentication<Context> = { request, context in
      if request.headers[.cookie] == "session=broken" { throw Broken() }
      guard request.headers[.cookie] == "session=alice" else { return nil }
      var context = context
      context.principal = User(name: "alice")
      return context
    }
    try await serve(kernel) { router in
      router.group("either").add(
        middleware: anyOf(
          APIKeyMiddleware(kernel, texts: RefusalTexts(unauthenticated: "Sign in.")), own)
      ).get { _, context in
        context.principal?.name ?? context.identity?.name ?? "nobody"
      }
      router.group("fails").add(middleware: anyOf(APIKeyMiddleware(kernel), own)).get {
        _, _ -> String in throw HTTPError(.conflict)
      }
      router.group("keys").add(
        middleware: anyOf(
          APIKeyMiddleware(kernel, texts: RefusalTexts(unauthenticated: "Sign in.")), own)
      ).requireScopes("a").get { _, _ in "keys" }
    } _: { client in
      let session = [("Cookie", "session=alice")]
      #expect(try await client.json("GET", "/either", token: good).text == "client")
      #expect(try await client.request("GET", "/either", headers: session).text == "alice")
      // A bad key does not spoil a good session: a user's own bearer token may look like one.
      #expect(
        try await client.request("GET", "/either", headers: session + [("X-API-Key", "bad")])
          .text == "alice")
      for cookie in ["session=mallory", "session=broken"] {
        let refused = try await client.request("GET", "/either", headers: [("Cookie", cookie)])
        #expect(refused.status == 401)
        #expect(refused.string("detail") == "Sign in.")
      }
      // Who was let in without a key lacks what a route demands of one, and is told so in the same words.
      let keyless = try await client.request("GET", "/keys", headers: session)
      #expect(keyless.status == 401)
      #expect(keyless.string("detail") == "Sign in.")
      // What a route throws stays the route's.
      #expect(try await client.request("GET", "/fails", headers: session).status == 409)
      #expect(try await client.json("GET", "/fails", token: good).status == 409)
    }
    await kernel.shutdown()
  }

  @Test func theHostsOwnUserIsResolvedOrTheRequestDenied() async throws {
    struct Broken: Error {}
    let kernel = try await kernel()
    let alice = try await token(kernel) { $0.owner = OwnerReference(name: "alice") }
    let stranger = try await token(kernel) { $0.owner = OwnerReference(name: "stranger") }
    let broken = try await token(kernel) { $0.owner = OwnerReference(name: "broken") }
    let resolver: PrincipalResolver<User> = { identity in
      switch identity.owner {
      case "alice": return User(name: "Alice")
      case "broken": throw Broken()
      default: return nil
      }
    }
    let recorded = Locked<[String]>([])
    let subscription = kernel.signals.subscribe(
      AuthenticationFailed.self, id: "failed", .queue(bound: 100, overflow: .dropNewest)
    ) { signal in
      recorded.withLock {
        $0.append("\(signal.event.reason?.rawValue ?? "") \(signal.event.keyID != nil)")
      }
    }
    try await serve(kernel) { router in
      router.add(middleware: APIKeyMiddleware(kernel, principal: resolver))
      router.get("me") { _, context in context.principal?.name ?? "nobody" }
    } _: { client in
      #expect(try await client.json("GET", "/me", token: alice).text == "Alice")
      let unknown = try await client.json("GET", "/me", token: stranger)
      #expect(unknown.status == 401)
      let missing = try await client.request("GET", "/me")
      #expect(unknown.body == missing.body)
      #expect(try await client.json("GET", "/me", token: broken).status == 503)
      await kernel.drain()
      #expect(recorded.withLock { $0 } == ["unknown true", "missing false", "failed true"])
    }
    subscription.cancel()
    await kernel.shutdown()
  }

  @Test func formsAreReadWhereAskedAndTheRouteStillSeesTheBody() async throws {
    let kernel = try await kernel()
    let good = try await token(kernel)
    try await serve(kernel) { router in
      router.group("form").add(middleware: APIKeyMiddleware(kernel, readsForms: true)).post {
        request, _ in
        String(buffer: try await request.body.collect(upTo: 100_000))
      }
      router.group("noform").add(middleware: APIKeyMiddleware(kernel)).post { _, _ in "" }
    } _: { client in
      let type = [("Content-Type", "application/x-www-form-urlencoded")]
      let body = Array("a=1&api_key=\(good)".utf8)
      let answer = try await client.request("POST", "/form", headers: type, body: body)
      #expect(answer.body == body)
      for name in [
        "Application/X-WWW-Form-Urlencoded", "application/x-www-form-urlencoded ; charset=utf-8",
        "application/x-www-form-urlencoded\t;a=b",
      ] {
        let type = [("Content-Type", name)]
        let answer = try await client.request("POST", "/form", headers: type, body: body)
        #expect(answer.status == 200, "\(name)")
      }
      for types in [["application/x-www-form-urlencoded-2"], [type[0].1, type[0].1]] {
        let headers = types.map { ("Content-Type", $0) }
        let answer = try await client.request("POST", "/form", headers: headers, body: body)
        #expect(answer.status == 401, "\(types)")
      }
      #expect(
        try await client.request("POST", "/noform", headers: type, body: body).status == 401)
      let large = Array("a=\(String(repeating: "x", count: 70_000))".utf8)
      #expect(try await client.request("POST", "/form", headers: type, body: large).status == 413)
    }
    await kernel.shutdown()
  }

  /// What a proxy hands on comes from the proxy's address, not from the client's.
  @Test func aRequestWithForwardingHeadersHasNoAddress() async throws {
    let kernel = try await kernel()
    let seen = Locked<[String?]>([])
    let subscription = kernel.signals.subscribe(
      AuthenticationFailed.self, id: "test.addresses", .queue(bound: 100, overflow: .dropNewest)
    ) { signal in seen.withLock { $0.append(signal.event.request.clientAddress) } }
    try await serve(kernel) { router in
      router.add(middleware: FromElsewhere()).add(middleware: APIKeyMiddleware(kernel))
      router.get("me") { _, _ in "" }
    } _: { client in
      _ = try await client.request("GET", "/me")
      for name in ["X-Forwarded-For", "x-forwarded-host", "Forwarded", "X-Real-IP"] {
        _ = try await client.request("GET", "/me", headers: [(name, "198.51.100.1")])
      }
    }
    await kernel.drain()
    subscription.cancel()
    #expect(seen.withLock { $0 } == ["192.0.2.7", nil, nil, nil, nil])
    await kernel.shutdown()
  }

  /// Requests as if their peer were another machine.
  private struct FromElsewhere: RouterMiddleware {
    func handle(
      _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
      var context = context
      context.clientAddress = "192.0.2.7"
      return try await next(request, context)
    }
  }
}
