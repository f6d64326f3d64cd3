import Cardea
import CardeaTestSupport
import Testing

@Suite("/v1/keys/{id}/usage")
struct UsageTests {
  private func serve(_ test: @Sendable @escaping (ServerRig) async throws -> Void) async throws {
    let proxies = [CIDR("127.0.0.1")].compactMap { $0 }
    try await ServerRig.run(
      plugins: [QueueAuditSink(node: "n")], server: { $0.trustedProxies = proxies }, test)
  }

  private func ask(
    _ rig: ServerRig, _ token: String, _ path: String, scope: String = "orders:read"
  ) async throws {
    _ = try await rig.client.request(
      "GET", "/auth?scope=\(scope)",
      headers: [
        ("X-API-Key", token), ("X-Forwarded-Method", "GET"), ("X-Forwarded-Uri", path),
        ("X-Forwarded-For", "192.0.2.7"),
      ])
  }

  private func usage(_ rig: ServerRig, _ id: String, _ query: String = "") async throws
    -> HTTPAnswer
  {
    await rig.kernel.drainAccessLog()
    return try await rig.client.json("GET", "/v1/keys/\(id)/usage\(query)", token: rig.admin)
  }

  @Test func countsByDayPathAndVerdict() async throws {
    try await serve { rig in
      rig.clock.freeze()
      let key = try await rig.key { $0.scopes = ["orders:read"] }
      let other = try await rig.key { $0.scopes = ["orders:read"] }
      for path in ["/orders?page=1", "/orders?page=2", "/invoices"] {
        try await ask(rig, key.token, path)
      }
      try await ask(rig, key.token, "/orders", scope: "orders:write")
      try await ask(rig, other.token, "/orders")
      rig.clock.advance(by: 86_400)
      try await ask(rig, key.token, "/orders")

      let answer = try await usage(rig, key.id)
      #expect(answer.status == 200)
      #expect(answer.json["key_id"] as? String == key.id)
      #expect(answer.json["verdicts"] as? [String: Int] == ["allowed": 4, "insufficient_scope": 1])
      let days = try #require(answer.json["days"] as? [[String: Any]])
      let today = rig.clock.now().rfc3339.prefix(10)
      #expect(days.count == 2)
      #expect(days.last?["day"] as? String == String(today))
      #expect(
        days.compactMap { $0["verdicts"] as? [String: Int] }
          == [["allowed": 3, "insufficient_scope": 1], ["allowed": 1]])
      let paths = try #require(answer.json["paths"] as? [[String: Any]])
      #expect(paths.compactMap { $0["path"] as? String } == ["/orders", "/invoices"])
      #expect(
        paths.compactMap { $0["verdicts"] as? [String: Int] }
          == [["allowed": 3, "insufficient_scope": 1], ["allowed": 1]])
      #expect(answer.json["other_paths"] as? [String: Int] == [:])

      let last = try await usage(rig, key.id, "?days=1")
      #expect(last.json["verdicts"] as? [String: Int] == ["allowed": 1])
      #expect(last.string("since") == "\(today)T00:00:00.000Z")
      let none = try await usage(rig, try await rig.key().id)
      #expect(none.json["verdicts"] as? [String: Int] == [:])
    }
  }

  @Test func twentyPathsAreToldApart() async throws {
    try await serve { rig in
      let key = try await rig.key { $0.scopes = ["orders:read"] }
      for number in 0..<25 { try await ask(rig, key.token, "/orders/\(number)") }
      try await ask(rig, key.token, "/orders/24")
      let answer = try await usage(rig, key.id)
      let paths = try #require(answer.json["paths"] as? [[String: Any]])
      #expect(paths.count == 20)
      #expect(paths.first?["path"] as? String == "/orders/24")
      #expect(answer.json["other_paths"] as? [String: Int] == ["allowed": 5])
    }
  }

  @Test func aRangeThatIsNoneAndAKeyThatIsNoneAreRefused() async throws {
    try await serve { rig in
      let key = try await rig.key()
      for days in ["0", "367", "-1", "%2B7", "07", "1e1", "7.0", "", "99999999999999999999"] {
        let answer = try await usage(rig, key.id, "?days=\(days)")
        #expect(answer.status == 400, "\(days)")
        #expect(answer.string("field") == "days", "\(days)")
      }
      #expect(try await usage(rig, key.id, "?days=366").status == 200)
      for id in ["01a1ff9f-de98-71b7-be9d-2d13c6104037", "x"] {
        #expect(try await usage(rig, id).status == 404)
      }
    }
  }
}
