import Cardea
import CardeaTestSupport
import Testing

@Suite("POST /v1/verify")
struct VerifyRoutesTests {
  @Test func callersWhoMayVerifyGetTheExactReason() async throws {
    try await ServerRig.run { rig in
      let verifier = try await rig.key { $0.scopes = ["cardea:verify"] }
      let key = try await rig.key("client") { $0.scopes = ["orders:read"] }
      func verify(_ body: String) async throws -> HTTPAnswer {
        try await rig.client.json("POST", "/v1/verify", token: verifier.token, body)
      }
      let valid = try await verify(
        #"{"token": "\#(key.token)", "scopes": ["orders:read"], "ip": "192.0.2.9"}"#)
      #expect(valid.status == 200)
      #expect(valid.json["valid"] as? Bool == true)
      #expect(valid.object("key")["id"] as? String == key.id)
      #expect(!valid.text.contains(key.token))

      let scope = try await verify(#"{"token": "\#(key.token)", "scopes": ["orders:write"]}"#)
      #expect(scope.text == #"{"code":"insufficient_scope","valid":false}"#)
      let malformed = try await verify(#"{"token": "nonsense"}"#)
      #expect(malformed.text == #"{"code":"malformed","valid":false}"#)
      let long = try await verify(#"{"token": "\#(String(repeating: "x", count: 5_000))"}"#)
      #expect(long.text == #"{"code":"malformed","valid":false}"#)
      for (action, code) in [("suspend", "suspended"), ("revoke", "revoked"), ("purge", "purged")] {
        _ = try await rig.client.json("POST", "/v1/keys/\(key.id)/\(action)", token: rig.admin)
        let answer = try await verify(#"{"token": "\#(key.token)"}"#)
        #expect(answer.status == 200)
        #expect(answer.string("code") == code)
      }
    }
  }

  /// What our own method and path are says nothing of the client's request.
  @Test func policiesJudgeTheRequestThatTheBodyTellsOf() async throws {
    let policy = try AllowedRoutesPolicy(methods: ["GET", "POST"], paths: ["/orders", "/v1"])
    try await ServerRig.run(plugins: [policy]) { rig in
      let token = try await rig.key().token
      func code(_ rest: String) async throws -> String? {
        let answer = try await rig.client.json(
          "POST", "/v1/verify", token: rig.admin, #"{"token": "\#(token)"\#(rest)}"#)
        return answer.string("code")
      }
      #expect(try await code(#", "method": "GET", "path": "/orders/1""#) == nil)
      #expect(try await code(#", "method": "PUT", "path": "/orders/1""#) == "policy_denied")
      #expect(try await code("") == "policy_denied")
    }
  }

  @Test func explainShowsEveryCheckAndCountsNothing() async throws {
    let policy = try RateLimitPolicy([RateLimitRule("minute 60/1m burst=2")])
    let rate = "policy.rate_limit"
    let steps = [
      "format", "failed_attempts", "lookup", "secret", "state", "expiry", "owner", "class",
      "scopes", rate,
    ]
    try await ServerRig.run(plugins: [policy]) { rig in
      rig.clock.freeze()
      let key = try await rig.key { $0.scopes = ["a"] }
      func explain(
        _ rest: String = "", token: String? = nil
      ) async throws -> (valid: Bool?, by: String?, outcomes: [String: String]) {
        rig.clock.advance(by: 60)
        let answer = try await rig.client.json(
          "POST", "/v1/verify", token: rig.admin,
          #"{"token": "\#(token ?? key.token)", "explain": true\#(rest)}"#)
        let explained = answer.object("explain")
        let checks = explained["checks"] as? [[String: String]] ?? []
        #expect(checks.compactMap { $0["name"] } == steps)
        return (
          answer.json["valid"] as? Bool, explained["decided_by"] as? String,
          Dictionary(
            checks.map { ($0["name"] ?? "", $0["outcome"] ?? "") }, uniquingKeysWith: { $1 })
        )
      }
      for _ in 0..<5 {
        let allowed = try await explain(#", "scopes": ["a"]"#)
        #expect(allowed.valid == true)
        #expect(allowed.by == nil)
        #expect(Set(allowed.outcomes.values) == ["passed"])
      }
      let scope = try await explain(#", "any_scopes": ["b", "c"]"#)
      #expect(scope.valid == false)
      #expect(scope.by == "scopes")
      #expect(scope.outcomes["class"] == "passed")
      #expect(scope.outcomes["scopes"] == "denied")
      #expect(scope.outcomes[rate] == "not_reached")
      #expect(try await explain(#", "class": "x""#).by == "class")
      #expect(try await explain(token: "nonsense").by == "format")
      #expect(try await explain(token: try wrongToken(under: key.token)).by == "secret")
      #expect(await rig.denials().isEmpty, "nothing is published")
      // Its two units are all there; then the limit is foretold.
      #expect(try await rig.auth(key.token) == 200)
      #expect(try await rig.auth(key.token) == 200)
      let answer = try await rig.client.json(
        "POST", "/v1/verify", token: rig.admin, #"{"token": "\#(key.token)", "explain": true}"#)
      #expect(answer.string("code") == "rate_limited")
      #expect(answer.object("explain")["decided_by"] as? String == rate)
    }
  }

  @Test func otherCallersAndBadBodiesAreRefused() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key { $0.scopes = ["orders:read", "cardea:keys:read"] }
      let body = #"{"token": "\#(key.token)"}"#
      #expect(try await rig.client.json("POST", "/v1/verify", body).status == 401)
      let forbidden = try await rig.client.json("POST", "/v1/verify", token: key.token, body)
      #expect(forbidden.status == 403)
      #expect(forbidden.string("code") == "insufficient_scope")
      let bodies = [
        ("{}", "token"), (#"{"token": 5}"#, "token"), (#"{"token": "x", "scope": []}"#, "scope"),
        (#"{"token": "x", "scopes": "a"}"#, "scopes"),
        (#"{"token": "x", "scopes": [""]}"#, "scopes"),
        (#"{"token": "x", "explain": "yes"}"#, "explain"),
        (#"{"token": "x", "class": 1}"#, "class"),
        (#"{"token": "x", "any_scopes": ["a b"]}"#, "any_scopes"),
        (#"{"token": "x", "path": "orders"}"#, "path"),
        (#"{"token": "x", "path": "/a?b"}"#, "path"),
        (#"{"token": "x", "method": null}"#, "method"),
        (#"{"token": "x", "ip": "1.2.3"}"#, "ip"), (#"{"token": "x", "ip": "::1%lo"}"#, "ip"),
      ]
      for (body, field) in bodies {
        let answer = try await rig.client.json("POST", "/v1/verify", token: rig.admin, body)
        #expect(answer.status == 400, "\(body)")
        #expect(answer.string("field") == field)
      }
    }
  }
}
