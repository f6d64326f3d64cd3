import Cardea
import CardeaServer
import CardeaTestSupport
import Testing

@Suite("query items that a call does not take")
struct UnknownQueryTests {
  @Test func areRefusedOnEveryManagementCall() async throws {
    try await ServerRig.run(
      options: { $0.queryNames = ["api_key"] }, server: { $0.queryCredentials = ["api_key"] }
    ) { rig in
      let key = try await rig.key()
      let before = try await rig.keyCount()
      let calls: [(String, String, String?)] = [
        ("POST", "/v1/keys", #"{"name": "a"}"#), ("POST", "/v1/keys/\(key.id)/revoke", nil),
        ("POST", "/v1/keys/\(key.id)/rotate", nil), ("POST", "/v1/owners", #"{"name": "a"}"#),
        ("PATCH", "/v1/keys/\(key.id)", #"{"name": "a"}"#),
        ("POST", "/v1/verify", #"{"token": "a"}"#), ("POST", "/v1/self/revoke", nil),
        ("GET", "/v1/keys/\(key.id)", nil), ("GET", "/v1/self", nil),
      ]
      for (method, path, body) in calls {
        let answer = try await rig.client.json(
          method, "\(path)?overlap=1d", token: rig.admin, body)
        #expect(answer.status == 400, "\(method) \(path)")
        #expect(answer.string("field") == "overlap", "\(method) \(path)")
        // A stranger learns nothing of it.
        let stranger = try await rig.client.json(method, "\(path)?overlap=1d", body)
        #expect(stranger.status == 401, "\(method) \(path)")
      }
      #expect(try await rig.keyCount() == before)
      #expect(try await rig.auth(key.token) == 200)
      // A token in the query is not a parameter of ours.
      let made = try await rig.client.json(
        "POST", "/v1/keys?api_key=\(rig.admin)", #"{"name": "a"}"#)
      #expect(made.status == 201)
      #expect(try await rig.client.json("GET", "/v1/keys?api_key=\(rig.admin)").status == 200)
    }
  }
}
