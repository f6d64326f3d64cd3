import Cardea
import CardeaTestSupport
import Foundation
import Testing

@Suite("/v1/sessions")
struct SessionRoutesTests {
  private func withRig(
    _ format: SessionOptions.Format, _ test: @Sendable @escaping (ServerRig) async throws -> Void
  ) async throws {
    try await ServerRig.run(options: { $0.sessions.format = format }, test)
  }

  private func with(_ session: String) -> [(String, String)] { [("X-Session-Token", session)] }

  @Test(arguments: SessionOptions.Format.allCases)
  func aKeyIsExchangedForASessionThatEnds(_ format: SessionOptions.Format) async throws {
    try await withRig(format) { rig in
      let key = try await rig.key {
        $0.scopes = ["orders:read", "orders:write"]
        $0.owner = OwnerReference(name: "acme")
      }
      let made = try await rig.client.json(
        "POST", "/v1/sessions", token: key.token, #"{"scopes": ["orders:read"]}"#)
      #expect(made.status == 201)
      #expect(made.field("cache-control") == "no-store")
      let session = made.object("session")
      #expect(session["key_id"] as? String == key.id)
      #expect(session["scopes"] as? [String] == ["orders:read"])
      #expect(Set(session.keys) == ["id", "key_id", "scopes", "created_at", "expires_at"])
      #expect(Set(made.json.keys) == ["session", "token"])
      let token = try #require(made.string("token"))

      let auth = try await rig.client.request("GET", "/auth", headers: with(token))
      #expect(auth.status == 200)
      #expect(auth.field("x-cardea-key-id") == key.id)
      #expect(auth.field("x-cardea-owner") == "acme")
      #expect(auth.field("x-cardea-scopes") == "orders:read")
      let bearer = try await rig.client.request(
        "GET", "/auth?scope=orders:read", headers: [("Authorization", "Bearer \(token)")])
      #expect(bearer.status == 200)
      let beyond = try await rig.client.request(
        "GET", "/auth?scope=orders:write", headers: with(token))
      #expect(beyond.status == 403)
      #expect(beyond.string("code") == "insufficient_scope")

      let out = try await rig.client.request(
        "DELETE", "/v1/sessions/current", headers: with(token))
      #expect(out.status == 204)
      #expect(out.body.isEmpty)
      let after = try await rig.client.request("GET", "/auth", headers: with(token))
      let stranger = try await rig.client.request("GET", "/auth")
      #expect(after.status == 401)
      #expect(after.body == stranger.body)
      #expect(after.comparableFields == stranger.comparableFields)
      #expect(await rig.denials().contains(.sessionEnded))
      #expect(try await rig.auth(key.token) == 200)
    }
  }

  @Test(arguments: SessionOptions.Format.allCases)
  func introspectionDiesWithTheKey(_ format: SessionOptions.Format) async throws {
    try await withRig(format) { rig in
      let key = try await rig.key { $0.scopes = ["orders:read"] }
      let made = try await rig.client.json("POST", "/v1/sessions", token: key.token)
      #expect(made.status == 201)
      let token = try #require(made.string("token"))
      func verify() async throws -> HTTPAnswer {
        try await rig.client.json(
          "POST", "/v1/verify", token: rig.admin, #"{"token": "\#(token)"}"#)
      }
      let valid = try await verify()
      #expect(valid.json["valid"] as? Bool == true)
      #expect(valid.object("key")["id"] as? String == key.id)
      #expect(valid.object("session")["id"] as? String == made.object("session")["id"] as? String)
      #expect(!valid.text.contains(token))
      _ = try await rig.client.json("POST", "/v1/keys/\(key.id)/revoke", token: rig.admin)
      #expect(try await verify().text == #"{"code":"revoked","valid":false}"#)
      #expect(try await rig.client.request("GET", "/auth", headers: with(token)).status == 401)
    }
  }

  @Test(arguments: SessionOptions.Format.allCases)
  func aSessionManagesWithinItsScopesAndIsNoKey(_ format: SessionOptions.Format) async throws {
    try await withRig(format) { rig in
      let made = try await rig.client.json(
        "POST", "/v1/sessions", token: rig.admin, #"{"scopes": ["cardea:keys:read"]}"#)
      let token = try #require(made.string("token"))
      func call(_ method: String, _ target: String, _ body: String? = nil) async throws
        -> HTTPAnswer
      { try await rig.client.json(method, target, body, headers: with(token)) }
      #expect(try await call("GET", "/v1/keys").status == 200)
      #expect(try await call("GET", "/v1/self").status == 200)
      let beyond = try await call("POST", "/v1/keys", #"{"name": "x"}"#)
      #expect(beyond.status == 403)
      #expect(beyond.string("code") == "insufficient_scope")
      for (method, target) in [("POST", "/v1/sessions"), ("POST", "/v1/self/revoke")] {
        let answer = try await call(method, target)
        #expect(answer.status == 403)
        #expect(answer.string("code") == "key_required")
      }
      let byKey = try await rig.client.json("DELETE", "/v1/sessions/current", token: rig.admin)
      #expect(byKey.status == 403)
      #expect(byKey.string("code") == "session_required")
    }
  }

  /// A session with a narrower scope makes no key beyond itself (A1).
  @Test func aSessionMintsNoKeyBeyondItself() async throws {
    try await withRig(.jwt) { rig in
      let made = try await rig.client.json(
        "POST", "/v1/sessions", token: rig.admin, #"{"scopes": ["cardea:keys:write"]}"#)
      let token = try #require(made.string("token"))
      for scope in ["cardea:admin", "cardea:keys:read", "orders:read"] {
        let answer = try await rig.client.json(
          "POST", "/v1/keys", #"{"name": "x", "scopes": ["\#(scope)"]}"#, headers: with(token))
        #expect(answer.status == 403)
        #expect(answer.string("code") == "beyond_actor")
      }
    }
  }

  @Test func badRequestsAreNamed() async throws {
    try await withRig(.jwt) { rig in
      let key = try await rig.key { $0.scopes = ["orders:read"] }
      let bodies = [
        (#"{"scope": "orders:read"}"#, "scope"), (#"{"scopes": "orders:read"}"#, "scopes"),
        (#"{"scopes": ["two words"]}"#, "scopes"), (#"{"scopes": [5]}"#, "scopes"), ("[]", "body"),
        (#"{"ttl": "90d"}"#, "ttl"),
      ]
      for (body, field) in bodies {
        let answer = try await rig.client.json("POST", "/v1/sessions", token: key.token, body)
        #expect(answer.status == 400, "\(body)")
        #expect(answer.string("field") == field)
      }
      let beyond = try await rig.client.json(
        "POST", "/v1/sessions", token: key.token, #"{"scopes": ["orders:write"]}"#)
      #expect(beyond.status == 403)
      #expect(beyond.string("code") == "beyond_actor")
      #expect(try await rig.client.json("POST", "/v1/sessions").status == 401)
      #expect(try await rig.client.json("GET", "/v1/sessions", token: key.token).status == 405)
      #expect(try await rig.client.json("DELETE", "/v1/sessions/current").status == 401)
    }
  }

  /// What is wrong with a token is for the log: on the wire all are one.
  @Test func hostileTokensAreOneAnswerAndManyReasons() async throws {
    try await withRig(.jwt) { rig in
      let key = try await rig.key()
      let made = try await rig.client.json("POST", "/v1/sessions", token: key.token)
      let parts = try #require(made.string("token")).split(separator: ".")
      let stranger = try await rig.client.request("GET", "/auth")
      func encoded(_ text: String) -> String {
        Data(text.utf8).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
          .replacing("=", with: "")
      }
      let header = Data(
        base64Encoded: String(parts[0]) + "===".prefix((4 - parts[0].count % 4) % 4))
      let text = String(decoding: try #require(header), as: UTF8.self)
      let first = parts[2].hasPrefix("A") ? "B" : "A"
      let tokens: [(String, Denial.Reason)] = [
        ("\(encoded(#"{"alg":"none","typ":"JWT"}"#)).\(parts[1]).", .sessionAlgorithm),
        (
          "\(encoded(text.replacing("EdDSA", with: "HS256"))).\(parts[1]).\(parts[2])",
          .sessionAlgorithm
        ),
        (
          "\(encoded(text.replacing(#""JWT""#, with: #""JOSE""#))).\(parts[1]).\(parts[2])",
          .sessionType
        ),
        (
          "\(encoded(#"{"alg":"EdDSA","kid":"x","typ":"JWT"}"#)).\(parts[1]).\(parts[2])",
          .sessionKey
        ),
        ("\(parts[0]).\(parts[1]).\(first)\(parts[2].dropFirst())", .sessionSignature),
        ("\(parts[0]).\(encoded("{}")).\(parts[2])", .sessionSignature),
        ("\(parts[0]).\(parts[1]).\(parts[2])=", .sessionMalformed),
      ]
      for (token, _) in tokens {
        let answer = try await rig.client.request("GET", "/auth", headers: with(token))
        #expect(answer.status == 401)
        #expect(answer.body == stranger.body)
        #expect(answer.comparableFields == stranger.comparableFields)
      }
      #expect(await rig.denials() == [.missing] + tokens.map(\.1))
      rig.clock.advance(by: 301)
      let expired = try await rig.client.request(
        "GET", "/auth", headers: with(parts.joined(separator: ".")))
      #expect(expired.body == stranger.body)
      #expect(await rig.denials().last == .sessionExpired)
    }
  }

  @Test func thePublicKeysArePublished() async throws {
    try await withRig(.jwt) { rig in
      let set = try await rig.client.request("GET", "/.well-known/jwks.json")
      #expect(set.status == 200)
      #expect(set.field("content-type") == "application/jwk-set+json")
      let key = try #require((set.json["keys"] as? [[String: Any]])?.first)
      #expect(key["kty"] as? String == "OKP")
      #expect(key["crv"] as? String == "Ed25519")
      #expect(key["alg"] as? String == "EdDSA")
      #expect(key["d"] == nil)
    }
    try await withRig(.opaque) { rig in
      let set = try await rig.client.request("GET", "/.well-known/jwks.json")
      #expect(set.status == 404)
    }
  }

  @Test func switchedOffThereIsNothing() async throws {
    try await ServerRig.run(options: { $0.sessions.enabled = false }) { rig in
      let key = try await rig.key()
      #expect(try await rig.client.json("POST", "/v1/sessions", token: key.token).status == 404)
      #expect(try await rig.client.request("GET", "/.well-known/jwks.json").status == 404)
    }
  }
}
