import Cardea
import CardeaTestSupport
import Testing

@Suite("bad input is refused by name, and nothing is stored")
struct BadInputTests {
  @Test func bodiesThatAreNoAcceptableJSON() async throws {
    try await ServerRig.run { rig in
      let before = try await rig.keyCount()
      func post(_ body: [UInt8], _ headers: [(String, String)]) async throws -> HTTPAnswer {
        try await rig.client.request(
          "POST", "/v1/keys", headers: headers + [("X-API-Key", rig.admin)], body: body)
      }
      let json = [("Content-Type", "application/json")]
      let good = Array(#"{"name": "a"}"#.utf8)
      for type in [
        "text/plain", "application/jsonx", "application/x-www-form-urlencoded", "", "json",
      ] {
        #expect(try await post(good, [("Content-Type", type)]).status == 415, "\(type)")
      }
      #expect(try await post(good, []).status == 415)
      #expect(try await post(good, json + json).status == 415)
      let large = Array(#"{"name": "\#(String(repeating: "a", count: 65_536))"}"#.utf8)
      let tooLarge = try await post(large, json)
      #expect(tooLarge.status == 413)
      #expect(tooLarge.field("content-type") == "application/problem+json")

      let broken: [[UInt8]] = [
        [], Array("{".utf8), Array("[]".utf8), Array("null".utf8), Array("\"a\"".utf8),
        Array(#"{"name": "a"} x"#.utf8), Array(#"{"name": "a",}"#.utf8),
        Array(#"{name: "a"}"#.utf8), Array(#"{"name": 'a'}"#.utf8),
        Array(#"{"name": "a", "name": "b"}"#.utf8), Array(#"{"name": "\ud800"}"#.utf8),
        Array(#"{"name": "\x"}"#.utf8), Array("{\"name\": \"a\u{0}\"}".utf8),
        Array("{\"name\": \"".utf8) + [0xC3, 0x28] + Array("\"}".utf8),
        Array("{\"name\": \"".utf8) + [0xFF] + Array("\"}".utf8),
        [0xEF, 0xBB, 0xBF] + good,
        Array((String(repeating: "[", count: 30_000)).utf8),
        Array(#"{"name": "a", "metadata": {"a": \#(nested(40))}}"#.utf8),
      ]
      for body in broken {
        let answer = try await post(body, json)
        #expect(answer.status == 400, "\(String(decoding: body.prefix(60), as: UTF8.self))")
        #expect(answer.field("content-type") == "application/problem+json")
      }
      #expect(try await rig.keyCount() == before)
      #expect(
        try await post(good, [("Content-Type", "Application/JSON; charset=utf-8")]).status == 201)
    }
  }

  @Test func fieldsThatCanNotBeTaken() async throws {
    try await ServerRig.run(
      kernel: {
        $0.availableScopes = ["orders:read"]
        $0.maxKeysPerOwner = 1
      }
    ) { rig in
      let before = try await rig.keyCount()
      let long = String(repeating: "n", count: 129)
      let bodies = [
        (#"{}"#, "name"), (#"{"name": ""}"#, "name"), (#"{"name": "\#(long)"}"#, "name"),
        (#"{"name": null}"#, "name"), (#"{"name": ["a"]}"#, "name"),
        (#"{"name": "a\u0000b"}"#, "name"), (#"{"name": "a\nb"}"#, "name"),
        (#"{"name": "a", "nome": 1}"#, "nome"), (#"{"name": "a", "kind": "robot"}"#, "kind"),
        (#"{"name": "a", "class": "a b"}"#, "class"), (#"{"name": "a", "class": ""}"#, "class"),
        (#"{"name": "a", "scopes": ["orders:write"]}"#, "scopes"),
        (#"{"name": "a", "scopes": ["cardea:root"]}"#, "scopes"),
        (#"{"name": "a", "scopes": "orders:read"}"#, "scopes"),
        (#"{"name": "a", "scopes": [1]}"#, "scopes"), (#"{"name": "a", "scopes": [""]}"#, "scopes"),
        (#"{"name": "a", "owner": "a b"}"#, "owner"), (#"{"name": "a", "owner": {}}"#, "owner"),
        (#"{"name": "a", "owner": {"kind": "user", "name": "b", "id": 1}}"#, "owner"),
        (#"{"name": "a", "expires_at": "2001-01-01T00:00:00Z"}"#, "expires_at"),
        (#"{"name": "a", "expires_at": "10000-01-01T00:00:00Z"}"#, "expires_at"),
        (#"{"name": "a", "expires_at": "tomorrow"}"#, "expires_at"),
        (#"{"name": "a", "expires_at": 1893456000}"#, "expires_at"),
        (#"{"name": "a", "expires_in": "0s"}"#, "expires_in"),
        (#"{"name": "a", "expires_in": "-1d"}"#, "expires_in"),
        (#"{"name": "a", "expires_in": "1 d"}"#, "expires_in"),
        (#"{"name": "a", "expires_in": "3000000d"}"#, "expires_in"),
        (#"{"name": "a", "expires_in": "9223372036854775807d"}"#, "expires_in"),
        (#"{"name": "a", "expires_in": "1d", "expires_at": "2999-01-01T00:00:00Z"}"#, "expires_at"),
        (#"{"name": "a", "metadata": []}"#, "metadata"),
        (
          #"{"name": "a", "metadata": {"a": "\#(String(repeating: "x", count: 4_100))"}}"#,
          "metadata"
        ),
      ]
      for (body, field) in bodies {
        let answer = try await rig.client.json("POST", "/v1/keys", token: rig.admin, body)
        #expect(answer.status == 400, "\(body.prefix(80)): \(answer.text)")
        #expect(answer.string("field") == field, "\(body.prefix(80))")
        #expect(answer.string("code") == "invalid")
      }
      #expect(try await rig.keyCount() == before)
      let owned = #"{"name": "a", "owner": "alice"}"#
      #expect(try await rig.client.json("POST", "/v1/keys", token: rig.admin, owned).status == 201)
      let over = try await rig.client.json("POST", "/v1/keys", token: rig.admin, owned)
      #expect(over.status == 409)
      #expect(over.string("code") == "owner_limit")
      #expect(over.string("field") == "owner")
      #expect(try await rig.keyCount() == before + 1)
    }
  }

  private func nested(_ levels: Int) -> String {
    String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
  }
}
