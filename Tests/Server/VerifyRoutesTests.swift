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
