import Cardea
import CardeaServer
import CardeaTestSupport
import Testing

/// What policies are told of a request that a proxy asks about.
@Suite("the original request behind a proxy")
struct ForwardedRequestTests {
  private typealias Headers = [(String, String)]

  /// Method and path of each request in turn, as policies, signals and the audit see them.
  private func seen(trusting: [String], _ requests: [Headers]) async throws -> [[String]] {
    let seen = Locked<[[String]]>([])
    try await ServerRig.run(server: { $0.trustedProxies = trusting.compactMap { CIDR($0) } }) {
      rig in
      let subscription = rig.kernel.signals.subscribe(
        AuthenticationFailed.self, id: "test.facts", .queue(bound: 100, overflow: .dropNewest)
      ) { signal in
        let request = signal.event.request
        seen.withLock { $0.append([request.method, request.path]) }
      }
      for headers in requests {
        _ = try await rig.client.request("PUT", "/auth", headers: headers)
      }
      await rig.kernel.drain()
      subscription.cancel()
    }
    return seen.withLock { $0 }
  }

  @Test func theProxysHeadersSayWhatItIs() async throws {
    let told: Headers = [
      ("X-Forwarded-Method", "DELETE"), ("X-Forwarded-Uri", "/orders/1?x=y"),
    ]
    #expect(try await seen(trusting: ["127.0.0.1"], [told]) == [["DELETE", "/orders/1"]])
  }

  /// The sub-request's own method and path are the proxy's: they are never put in place.
  @Test func whatIsNotToldIsUnknown() async throws {
    let method = ("X-Forwarded-Method", "DELETE")
    let target = ("X-Forwarded-Uri", "/orders/1")
    let requests: [Headers] = [
      [], [method], [target], [method, method, target], [method, target, target],
      [("X-Forwarded-Method", "GE T"), target], [("X-Forwarded-Method", ""), target],
      [method, ("X-Forwarded-Uri", "orders/1")], [method, ("X-Forwarded-Uri", "")],
      [method, ("X-Forwarded-Uri", "?x=y")],
    ]
    #expect(
      try await seen(trusting: ["127.0.0.1"], requests) == [
        ["", ""], ["DELETE", ""], ["", "/orders/1"], ["", "/orders/1"], ["DELETE", ""],
        ["", "/orders/1"], ["", "/orders/1"], ["DELETE", ""], ["DELETE", ""], ["DELETE", ""],
      ])
  }

  @Test func aPeerThatIsNotTrustedTellsNothing() async throws {
    let told: Headers = [("X-Forwarded-Method", "GET"), ("X-Forwarded-Uri", "/public")]
    #expect(try await seen(trusting: [], [told, []]) == [["", ""], ["", ""]])
    #expect(try await seen(trusting: ["192.0.2.1"], [told]) == [["", ""]])
  }

  @Test func anAllowListDeniesWhatItCanNotKnow() async throws {
    let proxies = ["127.0.0.1"].compactMap { CIDR($0) }
    try await ServerRig.run(
      plugins: [ReadsBelowOrders()], server: { $0.trustedProxies = proxies }
    ) { rig in
      let token = ("X-API-Key", try await rig.key().token)
      func status(_ headers: (String, String)...) async throws -> Int {
        try await rig.client.request("GET", "/auth", headers: [token] + headers).status
      }
      let method = ("X-Forwarded-Method", "GET")
      let target = ("X-Forwarded-Uri", "/orders/1")
      // Twice: from the store, then from memory.
      for _ in 0..<2 {
        #expect(try await status(method, target) == 200)
        #expect(try await status(("X-Forwarded-Method", "DELETE"), target) == 403)
        #expect(try await status(method, ("X-Forwarded-Uri", "/admin")) == 403)
        #expect(try await status(target) == 403)
        #expect(try await status(method) == 403)
        #expect(try await status() == 403)
        #expect(try await status(method, method, target) == 403)
      }
    }
  }
}

/// Allows `GET` below `/orders/` and nothing else.
private struct ReadsBelowOrders: Policy {
  let id = "policy.reads_below_orders"

  func evaluate(_ context: PolicyContext) -> PolicyDecision {
    let isAllowed =
      context.request.method == "GET" && context.request.path.hasPrefix("/orders/")
    return isAllowed ? .pass : .deny(PolicyDenial(code: "reads_below_orders"))
  }
}
