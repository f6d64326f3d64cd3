import Cardea
import CardeaTestSupport
import Testing

@Suite("owners over HTTP")
struct OwnerRoutesTests {
  @Test func anOwnerIsCreatedEditedDisabledAndEnabled() async throws {
    try await ServerRig.run { rig in
      func call(_ method: String, _ path: String, _ body: String? = nil) async throws -> HTTPAnswer
      {
        try await rig.client.json(method, path, token: rig.admin, body)
      }
      let created = try await call(
        "POST", "/v1/owners",
        #"{"name": "acme", "kind": "organization", "max_keys": 1, "metadata": {"plan": "gold"}}"#)
      #expect(created.status == 201)
      #expect(Set(created.json.keys) == ["owner", "receipt"])
      let owner = created.object("owner")
      #expect(
        Set(owner.keys) == [
          "id", "kind", "name", "max_keys", "disabled", "created_at", "metadata", "members",
        ])
      #expect(owner["max_keys"] as? Int == 1)
      let id = try #require(owner["id"] as? String)
      #expect(try await call("GET", "/v1/owners/\(id)").string("name") == "acme")

      let again = try await call("POST", "/v1/owners", #"{"name": "acme", "kind": "organization"}"#)
      #expect(again.status == 409)
      #expect(again.string("code") == "duplicate_owner")
      #expect(again.string("field") == "name")
      // The same name under another kind is another owner.
      #expect(try await call("POST", "/v1/owners", #"{"name": "acme"}"#).status == 201)

      let body = #"{"name": "k", "owner": {"kind": "organization", "name": "acme"}}"#
      let key = try await call("POST", "/v1/keys", body)
      let token = try #require(key.string("token"))
      let beyond = try await call("POST", "/v1/keys", body)
      #expect(beyond.status == 409)
      #expect(beyond.string("code") == "owner_limit")
      let raised = try await call("PATCH", "/v1/owners/\(id)", #"{"max_keys": -1}"#)
      #expect(raised.status == 200)
      #expect(raised.object("owner")["max_keys"] as? Int == -1)
      #expect(try await call("POST", "/v1/keys", body).status == 201)

      #expect(try await rig.auth(token) == 200)
      for _ in 1...2 {
        let disabled = try await call("POST", "/v1/owners/\(id)/disable")
        #expect(disabled.status == 200)
        #expect(disabled.object("owner")["disabled"] as? Bool == true)
        #expect(try await rig.auth(token) == 401)
      }
      #expect(try await call("POST", "/v1/keys", body).string("code") == "owner_disabled")
      #expect(try await call("POST", "/v1/owners/\(id)/enable").status == 200)
      #expect(try await rig.auth(token) == 200)
    }
  }

  @Test func ownersAreListedByKindAndNameAndPaged() async throws {
    try await ServerRig.run { rig in
      for name in ["a", "b", "c"] {
        _ = try await rig.kernel.createOwner(NewOwner(name: name), by: .host)
      }
      _ = try await rig.kernel.createOwner(NewOwner(kind: .system, name: "d"), by: .host)
      func names(_ query: String) async throws -> [String] {
        let answer = try await rig.client.json("GET", "/v1/owners\(query)", token: rig.admin)
        #expect(answer.status == 200)
        let owners = answer.json["owners"] as? [[String: Any]] ?? []
        return owners.compactMap { $0["name"] as? String }
      }
      #expect(try await Set(names("")) == ["a", "b", "c", "d"])
      #expect(try await names("?kind=system") == ["d"])
      #expect(try await names("?name=b") == ["b"])
      let page = try await rig.client.json("GET", "/v1/owners?kind=user&limit=2", token: rig.admin)
      let cursor = try #require(page.string("next_cursor"))
      #expect(try await names("?kind=user&limit=2&cursor=\(cursor)") == ["c"])
    }
  }

  @Test func badOwnersAreRefusedByField() async throws {
    try await ServerRig.run { rig in
      let bodies = [
        (#"{}"#, "name"), (#"{"name": ""}"#, "name"), (#"{"name": "a b"}"#, "name"),
        (#"{"name": "a%20b"}"#, "name"), (#"{"name": 5}"#, "name"),
        (#"{"name": "a", "kind": "robot"}"#, "kind"),
        (#"{"name": "a", "max_keys": -2}"#, "max_keys"),
        (#"{"name": "a", "max_keys": "5"}"#, "max_keys"),
        (#"{"name": "a", "metadata": []}"#, "metadata"),
        (#"{"name": "a", "disabled": true}"#, "disabled"), (#"{"name": "a", "id": "x"}"#, "id"),
      ]
      for (body, field) in bodies {
        let answer = try await rig.client.json("POST", "/v1/owners", token: rig.admin, body)
        #expect(answer.status == 400, "\(body)")
        #expect(answer.string("field") == field, "\(body)")
      }
      #expect(try await rig.kernel.owners(OwnerQuery()).items.isEmpty)
    }
  }
}
