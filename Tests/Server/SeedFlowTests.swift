import Cardea
import CardeaServer
import CardeaTestSupport
import Testing

@Suite("the flow of the systems that people come from, over HTTP")
struct SeedFlowTests {
  @Test func aTokenIsTakenUnderEveryDefaultNameWithNoSetting() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key("orders") {
        $0.scopes = ["orders:read", "orders:write"]
        $0.owner = OwnerReference(name: "alice")
      }
      let headers: [(String, String)] = [
        ("Authorization", "Api-Key \(key.token)"), ("Authorization", "api-key \(key.token)"),
        ("Authorization", "Bearer \(key.token)"), ("X-API-Key", key.token),
        ("x-keysmith-token", key.token), ("X-Api-Authorization", key.token),
      ]
      for header in headers {
        for method in ["GET", "POST", "DELETE", "OPTIONS", "PROPFIND"] {
          let answer = try await rig.client.request(method, "/auth", headers: [header])
          #expect(answer.status == 200, "\(method) \(header.0)")
          #expect(answer.body.isEmpty)
          #expect(answer.field("x-cardea-key-id") == key.id)
          #expect(answer.field("x-cardea-key-prefix") == String(key.token.prefix { $0 != ":" }))
          #expect(answer.field("x-cardea-owner") == "alice")
          #expect(answer.field("x-cardea-scopes") == "orders:read orders:write")
          #expect(answer.field("cache-control") == "no-store")
        }
      }
    }
  }

  @Test func allFourHeadersAreThereForAKeyWithoutOwnerAndScopes() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key { $0.scopes = [] }
      let answer = try await rig.client.json("GET", "/auth", token: key.token)
      #expect(answer.field("x-cardea-owner") == "")
      #expect(answer.field("x-cardea-scopes") == "")
    }
  }

  @Test func oneCharacterChangedIsRefused() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key()
      for index in key.token.indices {
        let changed: Character = key.token[index] == "a" ? "b" : "a"
        var wrong = key.token
        wrong.replaceSubrange(index...index, with: [changed])
        #expect(try await rig.auth(wrong) == 401)
      }
    }
  }

  @Test func aQueryParameterIsRefusedUntilEnabled() async throws {
    let loopback = [CIDR("127.0.0.1/32")].compactMap { $0 }
    try await ServerRig.run(server: { $0.trustedProxies = loopback }) { rig in
      let key = try await rig.key()
      let uri = [("X-Forwarded-Uri", "/orders?api_key=\(key.token)")]
      #expect(try await rig.client.request("GET", "/auth", headers: uri).status == 401)
    }
    try await ServerRig.run(
      options: { $0.queryNames = ["api_key"] }, server: { $0.trustedProxies = loopback }
    ) { rig in
      let key = try await rig.key()
      let encoded = key.token.replacing(":", with: "%3A")
      for token in [key.token, encoded] {
        let uri = [("X-Forwarded-Uri", "/orders?page=2&api_key=\(token)")]
        #expect(try await rig.client.request("GET", "/auth", headers: uri).status == 200)
      }
      let twice = [("X-Forwarded-Uri", "/orders?api_key=\(key.token)&api_key=\(key.token)")]
      #expect(try await rig.client.request("GET", "/auth", headers: twice).status == 401)
      let broken = [("X-Forwarded-Uri", "/orders?api_key=%zz")]
      #expect(
        try await rig.client.request(
          "GET", "/auth", headers: broken + [("X-API-Key", key.token)]
        ).status == 401)
    }
    // Enabled, but the peer is no trusted proxy: its X-Forwarded-Uri is nothing, and our own query
    // is ours.
    try await ServerRig.run(options: { $0.queryNames = ["api_key"] }) { rig in
      let key = try await rig.key()
      let uri = [("X-Forwarded-Uri", "/orders?api_key=\(key.token)")]
      #expect(try await rig.client.request("GET", "/auth", headers: uri).status == 401)
      #expect(try await rig.client.request("GET", "/auth?api_key=\(key.token)").status == 400)
    }
  }

  @Test func aFormFieldIsReadOnlyWhereAsked() async throws {
    let form = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")]
    try await ServerRig.run(options: { $0.formNames = ["api_key"] }) { rig in
      let key = try await rig.key()
      let body = Array("a=b+c&api_key=\(key.token)".utf8)
      #expect(
        try await rig.client.request("POST", "/auth", headers: form, body: body).status == 401)
    }
    try await ServerRig.run(
      options: { $0.formNames = ["api_key"] }, server: { $0.readsForms = true }
    ) { rig in
      let key = try await rig.key()
      let body = Array("a=b+c&api_key=\(key.token)".utf8)
      #expect(
        try await rig.client.request("POST", "/auth", headers: form, body: body).status == 200)
      let large = Array("a=\(String(repeating: "x", count: 70_000))".utf8)
      #expect(
        try await rig.client.request("POST", "/auth", headers: form, body: large).status == 413)
    }
  }

  @Test func twoDifferentTokensAreRefusedAndAForeignOneIsSetAside() async throws {
    try await ServerRig.run { rig in
      let one = try await rig.key()
      let two = try await rig.key()
      let different = [("X-API-Key", one.token), ("Authorization", "Bearer \(two.token)")]
      #expect(try await rig.client.request("GET", "/auth", headers: different).status == 401)
      let equal = [("X-API-Key", one.token), ("Authorization", "Bearer \(one.token)")]
      #expect(try await rig.client.request("GET", "/auth", headers: equal).status == 200)
      let besides = [("X-API-Key", one.token), ("Authorization", "Bearer eyJhbGciOi.e30.c2ln")]
      #expect(try await rig.client.request("GET", "/auth", headers: besides).status == 200)
      let repeated = [("X-API-Key", one.token), ("X-API-Key", one.token)]
      #expect(try await rig.client.request("GET", "/auth", headers: repeated).status == 401)
      #expect(await rig.denials() == [.ambiguous, .ambiguous])
    }
  }

  @Test func scopesAndClassAreOurs() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key {
        $0.scopes = ["orders:*"]
        $0.keyClass = "internal"
      }
      func status(_ query: String) async throws -> (Int, String?) {
        let answer = try await rig.client.json("GET", "/auth\(query)", token: key.token)
        return (answer.status, answer.string("code"))
      }
      #expect(try await status("?scope=orders:read").0 == 200)
      #expect(try await status("?scope=orders%3Aread&scope=orders:write&class=internal").0 == 200)
      #expect(
        try await status("?scope=orders:read&scope=users:read") == (403, "insufficient_scope"))
      #expect(try await status("?scope=cardea:admin") == (403, "insufficient_scope"))
      #expect(try await status("?class=default") == (403, "wrong_class"))
      for query in ["?scopes=a", "?scope=", "?scope=a%20b", "?class=a&class=b", "?scope=%zz", "?x"]
      {
        #expect(try await status(query) == (400, "invalid"), "\(query)")
      }
    }
  }
}
