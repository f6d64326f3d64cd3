import Cardea
import CardeaTestSupport
import Testing

@Suite("a key acts on itself")
struct SelfRoutesTests {
  @Test func itSeesAndRevokesItselfWithoutAnyScope() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key("mine") { $0.scopes = [] }
      let shown = try await rig.client.json("GET", "/v1/self", token: key.token)
      #expect(shown.status == 200)
      #expect(shown.string("id") == key.id)
      #expect(shown.string("name") == "mine")
      let revoked = try await rig.client.json("POST", "/v1/self/revoke", token: key.token)
      #expect(revoked.status == 200)
      #expect(revoked.object("key")["state"] as? String == "revoked")
      #expect(try await rig.client.json("GET", "/v1/self", token: key.token).status == 401)
      #expect(try await rig.auth(key.token) == 401)
      #expect(await rig.denials() == [.revoked, .revoked])
    }
  }
}
