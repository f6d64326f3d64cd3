import Cardea
import CardeaTestSupport
import Foundation
import Testing

@Suite("many keys over HTTP")
struct BulkRoutesTests {
  private func bulk(_ rig: ServerRig, _ body: String, token: String? = nil) async throws
    -> HTTPAnswer
  {
    try await rig.client.json("POST", "/v1/keys/bulk", token: token ?? rig.admin, body)
  }

  private func count(_ answer: HTTPAnswer, _ name: String) -> Int? { answer.json[name] as? Int }

  @Test func everyFilterIsTakenAndADryRunChangesNothing() async throws {
    try await ServerRig.run { rig in
      for name in ["a", "b"] {
        _ = try await rig.key(name) {
          $0.owner = OwnerReference(name: "alice")
          $0.scopes = ["x:\(name)"]
          $0.keyClass = "gold"
          $0.metadata = ["team": .string("ops"), "level": .integer(3)]
        }
      }
      let page = try await rig.kernel.keys(KeyQuery(now: rig.clock.now()))
      let first = try #require(page.items.first { $0.key.name == "a" })
      rig.clock.advance(by: 86_400 * 100)
      let prefix = first.key.prefix
      for (filter, matched) in [
        (#""owner": "alice""#, 2), (#""owner": {"kind": "user", "name": "alice"}"#, 2),
        (#""owner": "nobody""#, 0), (#""scope": "x:a""#, 1), (#""prefix": "\#(prefix)""#, 1),
        (#""class": "gold""#, 2), (#""metadata": {"team": "ops", "level": 3}"#, 2),
        (#""metadata": {"team": "dev"}"#, 0), (#""older_than": "90d", "class": "gold""#, 2),
        (#""older_than": "110d""#, 0), (#""unused_since": "90d", "class": "gold""#, 2),
        (#""query": "\#(prefix)""#, 1), (#""kind": "system""#, 0), (#""state": "suspended""#, 0),
        (#""created": "2100-01-01T00:00:00Z..""#, 0),
      ] {
        let answer = try await bulk(
          rig, #"{"action": "suspend", "filter": {\#(filter)}, "dry_run": true}"#)
        #expect(answer.status == 200, "\(filter): \(answer.text)")
        #expect(count(answer, "matched") == matched, "\(filter)")
        #expect(answer.json["dry_run"] as? Bool == true)
        #expect(answer.json["receipt"] is NSNull)
      }
      let states = try await rig.kernel.keys(KeyQuery(now: rig.clock.now())).items
      #expect(states.allSatisfy { $0.key.status == .active })

      let done = try await bulk(rig, #"{"action": "revoke", "filter": {"owner": "alice"}}"#)
      #expect(
        Set(done.json.keys) == [
          "action", "dry_run", "matched", "changed", "unchanged", "failed", "not_tried",
          "failures", "receipt",
        ])
      #expect(count(done, "changed") == 2 && done.json["dry_run"] as? Bool == false)
      #expect(done.object("receipt")["position"] as? Int != nil)
    }
  }

  @Test func rotatingReturnsEveryToken() async throws {
    try await ServerRig.run { rig in
      var old: [String] = []
      for name in ["a", "b", "c"] {
        old.append(try await rig.key(name) { $0.keyClass = "gold" }.token)
      }
      let answer = try await bulk(
        rig, #"{"action": "rotate", "filter": {"class": "gold"}, "overlap": "1h"}"#)
      let issued = answer.json["issued"] as? [[String: Any]] ?? []
      #expect(issued.count == 3)
      for entry in issued {
        #expect(Set(entry.keys) == ["key", "token", "receipt"])
        #expect(try await rig.auth(try #require(entry["token"] as? String)) == 200)
      }
      for token in old { #expect(try await rig.auth(token) == 200) }
      let dry = try await bulk(
        rig, #"{"action": "rotate", "filter": {"class": "gold"}, "dry_run": true}"#)
      #expect(dry.json["issued"] == nil)
    }
  }

  @Test func whatIsBeyondTheActingKeyIsAFailureOfItsOwn() async throws {
    try await ServerRig.run { rig in
      let manager = try await rig.key("manager") { $0.scopes = ["cardea:keys:write", "a"] }
      _ = try await rig.key("mine") {
        $0.scopes = ["a"]
        $0.keyClass = "gold"
      }
      let other = try await rig.key("beyond") {
        $0.scopes = ["b"]
        $0.keyClass = "gold"
      }
      let answer = try await bulk(
        rig, #"{"action": "suspend", "filter": {"class": "gold"}}"#, token: manager.token)
      #expect(count(answer, "changed") == 1 && count(answer, "failed") == 1)
      let failures = answer.json["failures"] as? [[String: Any]] ?? []
      #expect(failures.map { $0["id"] as? String } == [other.id])
      #expect(failures.map { $0["code"] as? String } == ["beyond_actor"])
      let reader = try await rig.key("reader") { $0.scopes = ["cardea:keys:read"] }
      let denied = try await bulk(
        rig, #"{"action": "suspend", "filter": {"class": "gold"}}"#, token: reader.token)
      #expect(denied.status == 403)
    }
  }

  @Test func aBodyThatSaysTooLittleOrTooMuchChangesNothing() async throws {
    try await ServerRig.run { rig in
      _ = try await rig.key()
      let head = try await rig.kernel.store.logHead()
      for (body, field) in [
        (#"{"filter": {"class": "gold"}}"#, "action"),
        (#"{"action": "delete", "filter": {"class": "gold"}}"#, "action"),
        (#"{"action": "revoke"}"#, "filter"), (#"{"action": "revoke", "filter": {}}"#, "filter"),
        (#"{"action": "revoke", "filter": []}"#, "filter"),
        (#"{"action": "revoke", "filter": {"all": true}}"#, "filter.all"),
        (#"{"action": "revoke", "filter": {"older_than": "+5d"}}"#, "older_than"),
        (#"{"action": "revoke", "filter": {"older_than": "1e3"}}"#, "older_than"),
        (
          #"{"action": "revoke", "filter": {"unused_since": "99999999999999999999d"}}"#,
          "unused_since"
        ),
        (#"{"action": "revoke", "filter": {"metadata": {"a": [1]}}}"#, "metadata"),
        (#"{"action": "revoke", "filter": {"class": "g"}, "overlap": "1h"}"#, "overlap"),
        (#"{"action": "rotate", "filter": {"class": "default"}, "overlap": "8d"}"#, "overlap"),
        (#"{"action": "revoke", "filter": {"class": "g"}, "dry_run": 1}"#, "dry_run"),
        (#"{"action": "revoke", "filter": {"class": "g"}, "yes": true}"#, "yes"),
      ] {
        let answer = try await bulk(rig, body)
        #expect(answer.status == 400, "\(body)")
        #expect(answer.string("field") == field, "\(body): \(answer.text)")
      }
      #expect(try await rig.kernel.store.logHead() == head)
    }
  }

  @Test func listingsFilterByPrefixUseAndMetadata() async throws {
    try await ServerRig.run { rig in
      _ = try await rig.key("a") { $0.metadata = ["team": .string("ops"), "n": .integer(1)] }
      _ = try await rig.key("b") { $0.metadata = ["team": .string("dev")] }
      func names(_ query: String) async throws -> [String] {
        let answer = try await rig.client.json("GET", "/v1/keys?\(query)", token: rig.admin)
        let keys = answer.json["keys"] as? [[String: Any]] ?? []
        return keys.compactMap { $0["name"] as? String }.sorted()
      }
      #expect(try await names("metadata.team=ops") == ["a"])
      #expect(try await names("metadata.team=ops&metadata.n=1") == ["a"])
      #expect(try await names("metadata.team=ops&metadata.n=2") == [])
      #expect(try await names("prefix=tok_") == ["a", "admin", "b"])
      #expect(try await names("unused_since=1d") == [])
      #expect(try await names("older_than=1d") == [])
      rig.clock.advance(by: 86_400 * 2)
      #expect(try await names("unused_since=1d") == ["a", "b"])
      #expect(try await names("older_than=1d") == ["a", "admin", "b"])
      #expect(try await names("older_than=3d") == [])
      #expect(try await names("older_than=1d&created=..2001-01-01T00:00:00Z") == [])
      for query in [
        "metadata.team=a&metadata.team=b", "unused_since=soon", "metadata=1", "meta.x=1",
      ] {
        let answer = try await rig.client.json("GET", "/v1/keys?\(query)", token: rig.admin)
        #expect(answer.status == 400, "\(query)")
      }
    }
  }

  @Test func everyChangeCanBeTriedFirst() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key("a") { $0.owner = OwnerReference(name: "alice") }
      let owner = try await rig.kernel.owner(OwnerReference(name: "alice")).id.uuidString
        .lowercased()
      let head = try await rig.kernel.store.logHead()
      for (method, path, body) in [
        ("POST", "/v1/keys", #"{"name": "n", "dry_run": true}"#),
        ("PATCH", "/v1/keys/\(key.id)", #"{"name": "n", "dry_run": true}"#),
        ("POST", "/v1/keys/\(key.id)/rotate", #"{"dry_run": true}"#),
        ("POST", "/v1/keys/\(key.id)/suspend", #"{"dry_run": true}"#),
        ("POST", "/v1/keys/\(key.id)/revoke", #"{"dry_run": true}"#),
        ("POST", "/v1/keys/\(key.id)/purge", #"{"dry_run": true}"#),
        ("POST", "/v1/owners", #"{"name": "o", "with_key": {"name": "k"}, "dry_run": true}"#),
        ("PATCH", "/v1/owners/\(owner)", #"{"max_keys": 3, "dry_run": true}"#),
        ("POST", "/v1/owners/\(owner)/disable", #"{"dry_run": true}"#),
      ] {
        let answer = try await rig.client.json(method, path, token: rig.admin, body)
        #expect(answer.status == 200, "\(path): \(answer.text)")
        #expect(answer.json["dry_run"] as? Bool == true, "\(path)")
        #expect(answer.json["receipt"] == nil && answer.json["token"] == nil, "\(path)")
      }
      #expect(try await rig.kernel.store.logHead() == head)
      let refused = try await rig.client.json(
        "POST", "/v1/keys/\(key.id)/complete-rotation", token: rig.admin, #"{"dry_run": true}"#)
      #expect(refused.string("code") == "no_rotation")
    }
  }

  @Test func anOwnerComesWithAKeyAndMembers() async throws {
    try await ServerRig.run { rig in
      let made = try await rig.client.json(
        "POST", "/v1/owners", token: rig.admin,
        #"{"name": "alice", "with_key": {"name": "first", "scopes": ["a"], "expires_in": "1h"}}"#)
      #expect(made.status == 201)
      #expect(Set(made.json.keys) == ["owner", "key", "token", "receipt"])
      #expect(made.object("key")["owner"] as? String == "alice")
      #expect(try await rig.auth(try #require(made.string("token"))) == 200)
      let acme = try await rig.client.json(
        "POST", "/v1/owners", token: rig.admin,
        #"{"name": "acme", "kind": "organization", "members": ["bob", "alice"]}"#)
      #expect(acme.object("owner")["members"] as? [String] == ["alice", "bob"])
      let found = try await rig.client.json("GET", "/v1/owners?member=bob", token: rig.admin)
      #expect((found.json["owners"] as? [Any])?.count == 1)
      for body in [
        #"{"name": "x", "with_key": {"name": "k", "owner": "bob"}}"#,
        #"{"name": "x", "with_key": {}}"#, #"{"name": "x", "members": ["bob"]}"#,
        #"{"name": "x", "with_key": {"name": "k", "prefix": "tok_mine"}}"#,
      ] {
        let answer = try await rig.client.json("POST", "/v1/owners", token: rig.admin, body)
        #expect(answer.status == 400, "\(body)")
      }
      #expect(try await rig.kernel.owners(OwnerQuery()).items.count == 2)
    }
  }

  @Test func whatIsNoKeyIsAnsweredLikeWhatIsMissing() async throws {  // A3
    try await ServerRig.run { rig in
      let key = try await rig.key("a") { $0.owner = OwnerReference(name: "alice") }
      let owner = try await rig.kernel.owner(OwnerReference(name: "alice")).id.uuidString
        .lowercased()
      let purgedByNobody = UUID().uuidString.lowercased()
      func answer(_ method: String, _ path: String, _ token: String) async throws -> String {
        let answer = try await rig.client.json(
          method, path, token: token, method == "GET" ? nil : "{}")
        var json = answer.json
        json["request_id"] = nil
        return "\(answer.status) \(json.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })"
      }
      for (method, collection, suffix, foreign) in [
        ("GET", "keys", "", owner), ("PATCH", "keys", "", owner),
        ("POST", "keys", "/revoke", owner),
        ("POST", "keys", "/rotate", owner), ("POST", "keys", "/purge", owner),
        ("GET", "owners", "", key.id), ("POST", "owners", "/disable", key.id),
      ] {
        let missing = try await answer(
          method, "/v1/\(collection)/\(purgedByNobody)\(suffix)", rig.admin)
        #expect(missing.hasPrefix("404 "))
        for id in [foreign, "x", "00000000-0000-0000-0000-000000000000", "..%2f", foreign + "0"] {
          #expect(
            try await answer(method, "/v1/\(collection)/\(id)\(suffix)", rig.admin) == missing,
            "\(method) \(collection)/\(id)\(suffix)")
        }
      }
      // Who may not manage keys is not told which exist.
      let stranger = try await rig.key("stranger") { $0.scopes = ["a"] }
      for (method, suffix) in [
        ("GET", ""), ("PATCH", ""), ("POST", "/revoke"), ("POST", "/rotate"),
      ] {
        let there = try await answer(method, "/v1/keys/\(key.id)\(suffix)", stranger.token)
        #expect(there.hasPrefix("403 "))
        #expect(
          try await answer(method, "/v1/keys/\(purgedByNobody)\(suffix)", stranger.token) == there)
      }
    }
  }

  /// A filter that every key fits by accident must not end them all.
  @Test(arguments: [
    #"{}"#, #"{"metadata": {}}"#, #"{"created": ".."}"#, #"{"expires": ".."}"#, #"{"prefix": ""}"#,
    #"{"query": ""}"#,
  ])
  func aFilterWithoutAConditionIsRefused(_ filter: String) async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key()
      for action in ["revoke", "rotate", "suspend", "purge"] {
        let answer = try await rig.client.json(
          "POST", "/v1/keys/bulk", token: rig.admin,
          #"{"action": "\#(action)", "filter": \#(filter)}"#)
        #expect(answer.status == 400, "\(action): \(answer.text)")
        #expect(answer.string("field") != nil)
      }
      #expect(try await rig.auth(key.token) == 200)
      #expect(try await rig.auth(rig.admin) == 200)
    }
  }
}
