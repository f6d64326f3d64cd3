import Cardea
import CardeaTestSupport
import Testing

@Suite("strangers learn nothing from a refusal")
struct UniformRefusalTests {
  @Test func nineCausesAreOneAnswerAndNineReasons() async throws {
    try await ServerRig.run { rig in
      let live = try await rig.key()
      let expired = try await rig.key { $0.expiry = .after(.seconds(60)) }
      let suspended = try await rig.key()
      let revoked = try await rig.key()
      let purged = try await rig.key()
      let orphan = try await rig.key { $0.owner = OwnerReference(name: "gone") }
      for (key, action) in [(suspended, "suspend"), (revoked, "revoke"), (purged, "purge")] {
        let answer = try await rig.client.json(
          "POST", "/v1/keys/\(key.id)/\(action)", token: rig.admin)
        #expect(answer.status == 200)
      }
      let owner = try await rig.kernel.owner(OwnerReference(name: "gone"))
      _ = try await rig.kernel.disableOwner(owner.id, by: .host)
      rig.clock.advance(by: 60)

      let causes: [(String?, Denial.Reason)] = [
        (nil, .missing),
        ("no-token-at-all", .malformed),
        (try unknown(), .unknown),
        (try graft(onto: live.token), .wrongSecret),
        (expired.token, .expired),
        (suspended.token, .suspended),
        (revoked.token, .revoked),
        (purged.token, .purged),
        (orphan.token, .ownerDisabled),
      ]
      // Twice: the second time the verdict cache may answer.
      for round in 1...2 {
        var bodies: Set<[UInt8]> = []
        var fields: Set<[String]> = []
        for (token, reason) in causes {
          let answer = try await rig.client.json("GET", "/auth", token: token)
          #expect(answer.status == 401, "\(reason)")
          #expect(answer.field("www-authenticate") == "Api-Key realm=\"cardea\"")
          #expect(answer.field("content-type") == "application/problem+json")
          #expect(answer.field("x-request-id") != nil)
          bodies.insert(answer.body)
          fields.insert(answer.comparableFields)
        }
        #expect(bodies.count == 1, "round \(round)")
        #expect(fields.count == 1, "round \(round)")
      }
      let reasons = causes.map(\.1)
      #expect(await rig.denials() == reasons + reasons)
    }
  }

  @Test func managementRoutesRefuseStrangersAlike() async throws {
    try await ServerRig.run { rig in
      let reference = try await rig.client.request("GET", "/auth")
      let id = "0190a000-0000-7000-8000-000000000000"
      let calls = [
        ("GET", "/v1/keys"), ("POST", "/v1/keys"), ("GET", "/v1/keys/\(id)"),
        ("PATCH", "/v1/keys/\(id)"), ("POST", "/v1/keys/\(id)/rotate"),
        ("POST", "/v1/keys/\(id)/revoke"), ("POST", "/v1/verify"), ("GET", "/v1/self"),
        ("POST", "/v1/self/revoke"), ("GET", "/v1/owners"), ("POST", "/v1/owners"),
        ("GET", "/v1/owners/\(id)"), ("PATCH", "/v1/owners/\(id)"),
        ("POST", "/v1/owners/\(id)/disable"), ("POST", "/v1/owners/\(id)/enable"),
      ]
      for (method, path) in calls {
        let answer = try await rig.client.request(method, path)
        #expect(answer.status == 401, "\(method) \(path)")
        #expect(answer.body == reference.body)
        #expect(answer.comparableFields == reference.comparableFields)
      }
    }
  }

  @Test("H4: every refusal is a problem with the common fields, a 401 with its challenge")
  func everyRefusalIsAProblemWithTheCommonFields() async throws {
    try await ServerRig.run { rig in
      let answers = [
        try await rig.client.request("GET", "/auth"),
        try await rig.client.request("GET", "/nowhere"),
        try await rig.client.request("DELETE", "/v1/keys"),
        try await rig.client.json("GET", "/v1/keys?limit=0", token: rig.admin),
        try await rig.client.json("POST", "/v1/keys", token: rig.admin, "{"),
      ]
      #expect(answers.map(\.status) == [401, 404, 405, 400, 400])
      for answer in answers {
        #expect(answer.field("content-type") == "application/problem+json")
        #expect(answer.field("cache-control") == "no-store")
        #expect(answer.field("x-content-type-options") == "nosniff")
        #expect(answer.field("x-request-id") != nil)
        #expect(answer.string("type") == "about:blank")
        #expect(answer.json["status"] as? Int == answer.status)
        #expect(answer.string("code") != nil)
        #expect((answer.field("www-authenticate") != nil) == (answer.status == 401))
        if answer.status != 401 {
          #expect(answer.string("request_id") == answer.field("x-request-id"))
        }
      }
      #expect(answers[2].field("allow") == "GET, POST")
    }
  }

  /// A well-formed token that no key has.
  private func unknown() throws -> String {
    let format = KeysmithFormat()
    return try format.build(
      TokenRequest(
        namespace: "tok", identifierLength: 8, secretLength: 32, primitives: SodiumPrimitives())
    ).token.reveal()
  }

  /// A well-formed token of a live key with a secret that is not its own.
  private func graft(onto live: String) throws -> String {
    let prefix = String(live.prefix { $0 != ":" })
    return try KeysmithFormat().build(
      TokenRequest(
        namespace: "tok", identifierLength: 8, secretLength: 32, prefix: prefix,
        primitives: SodiumPrimitives())
    ).token.reveal()
  }
}
