import Cardea
import CardeaTestSupport
import Foundation
import Testing

@Suite("keys over HTTP")
struct KeyRoutesTests {
  private static let fields: Set<String> = [
    "id", "prefix", "name", "description", "kind", "class", "owner", "scopes", "state",
    "created_at", "created_by", "expires_at", "last_used_at", "rotation", "metadata",
  ]

  @Test func aKeyIsCreatedAndItsTokenWorks() async throws {
    try await ServerRig.run { rig in
      let answer = try await rig.client.json(
        "POST", "/v1/keys", token: rig.admin,
        """
        {"name": "orders", "description": "nightly", "kind": "system", "class": "internal",
         "owner": "alice", "scopes": ["orders:write", "orders:read"], "expires_in": "12h",
         "metadata": {"team": "billing", "tags": [1, 2.5, null, true]}}
        """)
      #expect(answer.status == 201)
      #expect(answer.field("content-type") == "application/json")
      #expect(Set(answer.json.keys) == ["key", "token", "receipt"])
      let key = answer.object("key")
      #expect(Set(key.keys) == KeyRoutesTests.fields)
      #expect(key["name"] as? String == "orders")
      #expect(key["kind"] as? String == "system")
      #expect(key["class"] as? String == "internal")
      #expect(key["owner"] as? String == "alice")
      #expect(key["scopes"] as? [String] == ["orders:read", "orders:write"])
      #expect(key["state"] as? String == "active")
      #expect((key["created_by"] as? String)?.hasPrefix("key:tok_") == true)
      #expect(key["last_used_at"] is NSNull)
      #expect(key["rotation"] is NSNull)
      let receipt = answer.object("receipt")
      #expect(Set(receipt.keys) == ["position", "confirmed", "pending", "bound_ms"])
      #expect(receipt["bound_ms"] as? Int == 0)
      let token = try #require(answer.string("token"))
      #expect(try await rig.auth(token) == 200)

      // The token is in no other answer.
      let id = try #require(key["id"] as? String)
      for path in ["/v1/keys/\(id)", "/v1/keys"] {
        let text = try await rig.client.json("GET", path, token: rig.admin).text
        #expect(!text.contains(token))
        #expect(!text.contains("hmac_sha256$"))
      }
      let shown = try await rig.client.json("GET", "/v1/keys/\(id)", token: rig.admin)
      #expect(Set(shown.json.keys) == KeyRoutesTests.fields)
      #expect(shown.string("id") == id)
    }
  }

  @Test func omittedScopesAreTheDefaultsAndNoneIsNone() async throws {
    try await ServerRig.run(kernel: { $0.defaultScopes = ["orders:read"] }) { rig in
      let standard = try await create(rig, #"{"name": "a"}"#)
      #expect(standard.object("key")["scopes"] as? [String] == ["orders:read"])
      let none = try await create(rig, #"{"name": "a", "scopes": []}"#)
      #expect(none.object("key")["scopes"] as? [String] == [])
      let never = try await create(rig, #"{"name": "a", "expires_in": "never"}"#)
      #expect(never.object("key")["expires_at"] is NSNull)
      let at = try await create(rig, #"{"name": "a", "expires_at": "2099-01-31T12:00:00+02:00"}"#)
      #expect(at.object("key")["expires_at"] as? String == "2099-01-31T10:00:00.000Z")
      let system = try await create(
        rig, #"{"name": "a", "owner": {"kind": "organization", "name": "acme"}}"#)
      #expect(system.object("key")["owner"] as? String == "acme")
    }
  }

  @Test func everyChangeOfStateAnswersWithKeyAndReceiptAndIsIdempotent() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key()
      #expect(try await rig.auth(key.token) == 200)
      let steps = [
        ("suspend", "suspended", 401), ("reactivate", "active", 200), ("revoke", "revoked", 401),
        ("purge", "purged", 401),
      ]
      for (action, state, status) in steps {
        var positions: Set<Int> = []
        for _ in 1...2 {
          let answer = try await rig.client.json(
            "POST", "/v1/keys/\(key.id)/\(action)", token: rig.admin)
          #expect(answer.status == 200, "\(action)")
          #expect(Set(answer.json.keys) == ["key", "receipt"])
          #expect(answer.object("key")["state"] as? String == state)
          if let position = answer.object("receipt")["position"] as? Int {
            positions.insert(position)
          }
        }
        #expect(positions.count == 1, "the second \(action) changes nothing")
        #expect(try await rig.auth(key.token) == status)
      }
      let again = try await rig.client.json(
        "POST", "/v1/keys/\(key.id)/reactivate", token: rig.admin, "{}")
      #expect(again.status == 409)
      #expect(again.string("code") == "purged")
      let rotated = try await rig.client.json(
        "POST", "/v1/keys/\(key.id)/rotate", token: rig.admin)
      #expect(rotated.status == 409)
    }
  }

  @Test func rotationWithAnOverlapIsCompletedOrCancelled() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key()
      func post(_ action: String, _ body: String? = nil) async throws -> HTTPAnswer {
        try await rig.client.json("POST", "/v1/keys/\(key.id)/\(action)", token: rig.admin, body)
      }
      let none = try await post("complete-rotation")
      #expect(none.status == 409)
      #expect(none.string("code") == "no_rotation")

      let first = try await post("rotate", #"{"overlap": "1h"}"#)
      #expect(first.status == 200)
      let second = try #require(first.string("token"))
      let rotation = first.object("key")["rotation"] as? [String: Any]
      #expect(rotation?["overlap_until"] is String)
      #expect(rotation?["old_secret_last_used_at"] is NSNull)
      #expect(try await rig.auth(key.token) == 200)
      #expect(try await rig.auth(second) == 200)

      let open = try await post("rotate", #"{"overlap": "1h"}"#)
      #expect(open.status == 409)
      #expect(open.string("code") == "rotation_in_progress")

      let cancelled = try await post("cancel-rotation")
      #expect(cancelled.status == 200)
      #expect(cancelled.object("key")["rotation"] is NSNull)
      #expect(try await rig.auth(key.token) == 200)
      #expect(try await rig.auth(second) == 401)

      let third = try #require(try await post("rotate", #"{"overlap": "7d"}"#).string("token"))
      #expect(try await post("complete-rotation", "{}").status == 200)
      #expect(try await rig.auth(key.token) == 401)
      #expect(try await rig.auth(third) == 200)

      let fourth = try #require(try await post("rotate").string("token"))
      #expect(try await rig.auth(third) == 401)
      #expect(try await rig.auth(fourth) == 200)

      let underscore = try await post("rotate", #"{"format": "underscore"}"#)
      #expect(underscore.status == 200)
      #expect(underscore.string("token")?.contains(":") == false)
      for body in [
        #"{"overlap": "8d"}"#, #"{"overlap": "never"}"#, #"{"format": "nonsense"}"#,
        #"{"overlap": 3600}"#, #"{"overlaps": "1h"}"#,
      ] {
        #expect(try await post("rotate", body).status == 400, "\(body)")
      }
    }
  }

  @Test func anEditChangesWhatItNamesAndTheNextRequestSeesIt() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key { $0.scopes = ["a"] }
      func status() async throws -> Int {
        try await rig.client.json("GET", "/auth?scope=a", token: key.token).status
      }
      #expect(try await status() == 200)
      let edited = try await rig.client.json(
        "PATCH", "/v1/keys/\(key.id)", token: rig.admin,
        #"{"name": "n", "description": "d", "class": "c", "scopes": ["b"], "expires_in": "10m", "metadata": {"x": 1}}"#
      )
      #expect(edited.status == 200)
      #expect(Set(edited.json.keys) == ["key", "receipt"])
      let shown = edited.object("key")
      #expect(shown["name"] as? String == "n")
      #expect(shown["class"] as? String == "c")
      #expect(shown["scopes"] as? [String] == ["b"])
      #expect(shown["metadata"] as? [String: Int] == ["x": 1])
      #expect(try await status() == 403)
      rig.clock.advance(by: 600)
      #expect(try await status() == 401)
    }
  }

  @Test func listingsFilterAndPage() async throws {
    try await ServerRig.run { rig in
      for index in 0..<5 {
        _ = try await rig.key("key \(index)") {
          $0.owner = OwnerReference(name: index < 3 ? "alice" : "bob")
          $0.scopes = index == 0 ? ["orders:read"] : []
          $0.keyClass = index == 1 ? "internal" : "default"
          $0.kind = index == 2 ? .system : .user
        }
      }
      let revoked = try await rig.key("ended")
      _ = try await rig.client.json("POST", "/v1/keys/\(revoked.id)/revoke", token: rig.admin)

      func names(_ query: String) async throws -> Set<String> {
        let answer = try await rig.client.json("GET", "/v1/keys?\(query)", token: rig.admin)
        #expect(answer.status == 200, "\(query)")
        let keys = answer.json["keys"] as? [[String: Any]] ?? []
        return Set(keys.compactMap { $0["name"] as? String })
      }
      #expect(try await names("owner=alice") == ["key 0", "key 1", "key 2"])
      #expect(try await names("owner=alice&owner_kind=organization") == [])
      #expect(try await names("owner=nobody") == [])
      #expect(try await names("state=revoked") == ["ended"])
      #expect(try await names("kind=system") == ["key 2"])
      #expect(try await names("class=internal") == ["key 1"])
      #expect(try await names("scope=orders%3Aread") == ["key 0"])
      #expect(try await names("query=KEY%203") == ["key 3"])
      #expect(try await names("created=2999-01-01T00:00:00Z..").isEmpty)
      #expect(try await names("created=..2999-01-01T00:00:00Z").count == 7)
      #expect(try await names("expires=2000-01-01T00:00:00Z..").isEmpty)

      var cursor: String?
      var seen: [String] = []
      repeat {
        let answer = try await rig.client.json(
          "GET", "/v1/keys?limit=2" + (cursor.map { "&cursor=\($0)" } ?? ""), token: rig.admin)
        let keys = answer.json["keys"] as? [[String: Any]] ?? []
        #expect(keys.count <= 2)
        seen += keys.compactMap { $0["id"] as? String }
        cursor = answer.string("next_cursor")
      } while cursor != nil
      #expect(seen.count == 7)
      #expect(Set(seen).count == 7)

      for query in [
        "limit=0", "limit=1001", "limit=-1", "limit=%2B5", "limit=1e3", "limit=", "limit=01",
        "state=dead", "kind=USER", "cursor=abc", "cursor=", "sort=", "sort=NAME", "sort=last_used",
        "created=yesterday", "created=..x",
        "nonsense=1", "limit=1&limit=2", "query=%zz", "query=%ff", "owner=a&owner_kind=x",
      ] {
        let answer = try await rig.client.json("GET", "/v1/keys?\(query)", token: rig.admin)
        #expect(answer.status == 400, "\(query)")
        #expect(answer.string("code") == "invalid")
        #expect(answer.string("field") != nil)
      }
    }
  }

  @Test func listingsAreSorted() async throws {
    try await ServerRig.run { rig in
      for (name, days) in [("beta", 3), ("Alpha", 2), ("gamma", nil), ("alpha", 1)]
        as [(String, Int?)]
      {
        _ = try await rig.key(name) {
          $0.expiry = days.map { .after(.seconds($0 * 86_400)) } ?? .never
          $0.keyClass = "sorted"
        }
        rig.clock.advance(by: 1)
      }
      for (sort, expected) in [
        ("created", "beta Alpha gamma alpha"), ("-created", "alpha gamma Alpha beta"),
        ("name", "Alpha alpha beta gamma"), ("-name", "gamma beta alpha Alpha"),
        ("expires", "alpha Alpha beta gamma"), ("-expires", "beta Alpha alpha gamma"),
      ] {
        var names: [String] = []
        var cursor: String?
        repeat {
          let answer = try await rig.client.json(
            "GET",
            "/v1/keys?class=sorted&limit=1&sort=\(sort)" + (cursor.map { "&cursor=\($0)" } ?? ""),
            token: rig.admin)
          #expect(answer.status == 200)
          let keys = answer.json["keys"] as? [[String: Any]] ?? []
          names += keys.compactMap { $0["name"] as? String }
          cursor = answer.string("next_cursor")
          if let cursor, sort != "-created" {
            let refused = try await rig.client.json(
              "GET", "/v1/keys?cursor=\(cursor)", token: rig.admin)
            #expect(refused.status == 400)
            #expect(refused.string("field") == "cursor")
            #expect(refused.string("detail")?.contains("sorted by \(sort)") == true)
          }
        } while cursor != nil && names.count < 5
        #expect(names.joined(separator: " ") == expected, "\(sort)")
      }
    }
  }

  private func create(_ rig: ServerRig, _ body: String) async throws -> HTTPAnswer {
    let answer = try await rig.client.json("POST", "/v1/keys", token: rig.admin, body)
    #expect(answer.status == 201, "\(body): \(answer.text)")
    return answer
  }
}
