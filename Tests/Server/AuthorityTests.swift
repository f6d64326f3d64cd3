import Cardea
import CardeaTestSupport
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite("who may do what, over HTTP")
struct AuthorityTests {
  @Test("A1: what an actor makes never has more than the actor")
  func scopeLattice() async throws {
    try await ServerRig.run { rig in
      let worlds: [[String]] = [
        [], ["orders:read"], ["orders:write"], ["orders:*"], ["*"], ["cardea:keys:read"],
        ["cardea:keys:write"], ["cardea:admin"], ["orders:read", "users:read"],
      ]
      for held in worlds {
        let actor = try await rig.key {
          $0.scopes = held + ["cardea:keys:write"]
          $0.expiry = .after(.seconds(3_600))
        }
        let own = ScopeSet(held + ["cardea:keys:write"])
        for wanted in worlds {
          let names = wanted.map { "\"\($0)\"" }.joined(separator: ",")
          let created = try await rig.client.json(
            "POST", "/v1/keys", token: actor.token, #"{"name": "made", "scopes": [\#(names)]}"#)
          if own.covers(ScopeSet(wanted)) {
            #expect(created.status == 201, "\(held) makes \(wanted)")
            let key = created.object("key")
            let scopes = ScopeSet(key["scopes"] as? [String] ?? [])
            #expect(own.covers(scopes))
            if !own.isAdmin {
              let expires = (key["expires_at"] as? String).flatMap { Timestamp(rfc3339: $0) }
              let limit = try await rig.kernel.key(try #require(UUID(uuidString: actor.id))).key
              #expect(try #require(expires) <= #require(limit.expiresAt))
            }
          } else {
            #expect(created.status == 403, "\(held) makes \(wanted)")
            #expect(created.string("code") == "beyond_actor")
          }
        }
      }
    }
  }

  @Test func aLimitedActorDoesNotReachStrongerKeys() async throws {
    try await ServerRig.run { rig in
      let actor = try await rig.key {
        $0.scopes = ["cardea:keys:write", "orders:read"]
        $0.expiry = .after(.seconds(3_600))
      }
      let stronger = try await rig.key { $0.scopes = ["users:read"] }
      let longer = try await rig.key { $0.scopes = ["orders:read"] }
      let adminID =
        try await rig.client.json("GET", "/v1/self", token: rig.admin).string("id") ?? ""
      func post(_ id: String, _ action: String) async throws -> (Int, String?) {
        let answer = try await rig.client.json(
          "POST", "/v1/keys/\(id)/\(action)", token: actor.token)
        return (answer.status, answer.string("code"))
      }
      for id in [stronger.id, adminID] {
        for action in ["rotate", "revoke", "suspend", "reactivate", "purge"] {
          #expect(try await post(id, action) == (403, "beyond_actor"), "\(action)")
        }
        let edit = try await rig.client.json(
          "PATCH", "/v1/keys/\(id)", token: actor.token, #"{"name": "x"}"#)
        #expect(edit.status == 403)
      }
      // A short-lived key may stop a longer-lived one, but not keep it going.
      #expect(try await post(longer.id, "rotate") == (403, "beyond_actor"))
      #expect(try await post(longer.id, "suspend").0 == 200)
      #expect(try await post(longer.id, "reactivate") == (403, "beyond_actor"))
      #expect(try await post(longer.id, "revoke").0 == 200)
      let explicit = try await rig.client.json(
        "POST", "/v1/keys", token: actor.token, #"{"name": "x", "expires_in": "2h"}"#)
      #expect(explicit.status == 400)
      #expect(explicit.string("field") == "expires_in")
    }
  }

  @Test func everyManagementCallNeedsItsScope() async throws {
    try await ServerRig.run { rig in
      let target = try await rig.key { $0.scopes = [] }
      let reads = ["/v1/keys", "/v1/keys/\(target.id)", "/v1/owners"]
      let writes = [
        ("POST", "/v1/keys", #"{"name": "x", "scopes": []}"#),
        ("PATCH", "/v1/keys/\(target.id)", #"{"name": "x"}"#),
        ("POST", "/v1/keys/\(target.id)/suspend", "{}"), ("POST", "/v1/owners", #"{"name": "o"}"#),
      ]
      let reader = try await rig.key { $0.scopes = ["cardea:keys:read"] }
      let writer = try await rig.key { $0.scopes = ["cardea:keys:write"] }
      let star = try await rig.key { $0.scopes = ["*", "cardea:verify"] }
      for path in reads {
        #expect(try await rig.client.json("GET", path, token: reader.token).status == 200)
        for token in [writer.token, star.token] {
          #expect(try await rig.client.json("GET", path, token: token).status == 403, "\(path)")
        }
      }
      for (method, path, body) in writes {
        for token in [reader.token, star.token] {
          let answer = try await rig.client.json(method, path, token: token, body)
          #expect(answer.status == 403, "\(method) \(path)")
          #expect(answer.string("code") == "insufficient_scope")
        }
        let status = try await rig.client.json(method, path, token: writer.token, body).status
        #expect((200...201).contains(status), "\(method) \(path)")
      }
    }
  }

  /// A verified key is told which scope it lacks; a stranger, and nginx, nothing.
  @Test func aRefusalNamesTheScopesThatAreMissing() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key { $0.scopes = ["orders:read", "bills:*"] }
      func missing(_ path: String, _ token: String?) async throws -> (Int, [String]?) {
        let answer = try await rig.client.json("GET", path, token: token)
        return (answer.status, answer.json["missing_scopes"] as? [String])
      }
      let asked = "/auth?scope=orders:read&scope=orders:write&scope=bills:pay&scope=x"
      // Cold, then from memory.
      for _ in 0..<2 {
        #expect(try await missing(asked, key.token) == (403, ["orders:write", "x"]))
      }
      #expect(try await missing("/auth?any_scope=a&any_scope=b", key.token) == (403, ["a", "b"]))
      #expect(
        try await missing("/auth?scope=x&any_scope=a&any_scope=orders:read", key.token)
          == (403, ["x"]))
      #expect(try await missing("/v1/keys", key.token) == (403, ["cardea:keys:read"]))
      #expect(try await missing("/auth?class=internal&scope=x", key.token) == (403, nil))
      #expect(try await missing("/auth?scope=orders:read", key.token) == (200, nil))
      let stranger = try await rig.client.json("GET", asked)
      #expect(stranger.status == 401 && !stranger.text.contains("scope"))
      let suspended = try await rig.key { $0.scopes = [] }
      _ = try await rig.kernel.suspendKey(
        try #require(UUID(uuidString: suspended.id)), by: .host)
      let ended = try await rig.client.json("GET", asked, token: suspended.token)
      #expect(ended.body == stranger.body)
      let nginx = try await rig.client.json("GET", "/auth/nginx?scope=x", token: key.token)
      #expect(nginx.status == 403 && nginx.body.isEmpty)
      #expect(nginx.field("x-cardea-code") == "insufficient_scope")
    }
  }

  @Test("A3: ids that are foreign, missing or no ids answer alike")
  func missingIDs() async throws {
    try await ServerRig.run { rig in
      _ = try await rig.key { $0.owner = OwnerReference(name: "alice") }
      let owner = try await rig.kernel.owner(OwnerReference(name: "alice"))
      let ids = [
        "0190a000-0000-7000-8000-000000000000", owner.id.uuidString.lowercased(), "1", "..",
        "%2e%2e", "x", String(repeating: "a", count: 36), "",
      ]
      var bodies: Set<String> = []
      for id in ids {
        let headers = [("X-Request-Id", "same")]
        let shown = try await rig.client.json(
          "GET", "/v1/keys/\(id)", token: rig.admin, headers: headers)
        let revoked = try await rig.client.json(
          "POST", "/v1/keys/\(id)/revoke", token: rig.admin, headers: headers)
        #expect(shown.status == 404, "\(id)")
        #expect(revoked.status == 404, "\(id)")
        bodies.formUnion([shown.text, revoked.text])
      }
      #expect(bodies.count == 1)
    }
  }
}
