import Cardea
import CardeaTestSupport
import Testing

@Suite("Idempotency-Key")
struct IdempotencyTests {
  @Test func aRepeatedCreationNamesTheKeyAndTheRemedy() async throws {
    try await ServerRig.run { rig in
      func create(_ name: String, _ key: String, token: String) async throws -> HTTPAnswer {
        try await rig.client.json(
          "POST", "/v1/keys", token: token, #"{"name": "\#(name)", "scopes": []}"#,
          headers: [("Idempotency-Key", key)])
      }
      let first = try await create("a", "one", token: rig.admin)
      #expect(first.status == 201)
      let again = try await create("a", "one", token: rig.admin)
      #expect(again.status == 409)
      #expect(again.field("content-type") == "application/problem+json")
      #expect(again.string("code") == "already_done")
      #expect(again.string("detail")?.contains("rotate") == true)
      #expect(again.object("key")["id"] as? String == first.object("key")["id"] as? String)
      #expect(again.json["token"] == nil)
      #expect(!again.text.contains(try #require(first.string("token"))))

      let other = try await create("b", "one", token: rig.admin)
      #expect(other.status == 422)
      #expect(other.string("code") == "idempotency_mismatch")
      #expect(try await create("a", "two", token: rig.admin).status == 201)
      // Another actor's is another.
      let actor = try await rig.key { $0.scopes = ["cardea:keys:write"] }
      #expect(try await create("a", "one", token: actor.token).status == 201)

      #expect(try await rig.keyCount() == 5)
    }
  }

  @Test func aRepeatedRotationRotatesOnce() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key("rotated")
      let other = try await rig.key("other")
      func rotate(
        _ id: String, _ claim: String, _ body: String = #"{"overlap": "1h"}"#
      ) async throws -> HTTPAnswer {
        try await rig.client.json(
          "POST", "/v1/keys/\(id)/rotate", token: rig.admin, body,
          headers: [("Idempotency-Key", claim)])
      }
      let first = try await rotate(key.id, "one")
      #expect(first.status == 200)
      let token = try #require(first.string("token"))
      let again = try await rotate(key.id, "one")
      #expect(again.status == 409)
      #expect(again.string("code") == "already_done")
      #expect(again.object("key")["id"] as? String == key.id)
      #expect(!again.text.contains(token))
      // Neither of the tokens was ended by the repetition.
      for token in [token, key.token] {
        #expect(try await rig.client.json("GET", "/v1/self", token: token).status == 200)
      }
      // The same claim for something else is no repetition.
      let answers = [
        try await rotate(key.id, "one", "{}"), try await rotate(other.id, "one"),
        try await rig.client.json(
          "POST", "/v1/keys", token: rig.admin, #"{"overlap": "1h"}"#,
          headers: [("Idempotency-Key", "one")]),
      ]
      #expect(answers.map(\.status) == [422, 422, 400])
      #expect(try await rotate(key.id, "two").string("code") == "rotation_in_progress")
      // What was refused has used its claim for nothing.
      _ = try await rig.client.json(
        "POST", "/v1/keys/\(key.id)/complete-rotation", token: rig.admin)
      #expect(try await rotate(key.id, "two").status == 200)
    }
  }

  @Test func whileTheFirstIsStillRunningTheSecondIsToldSo() async throws {
    let store = HeldStore(MemoryStore())
    try await ServerRig.run(store: store) { rig in
      @Sendable func create(_ name: String) async throws -> HTTPAnswer {
        try await rig.client.json(
          "POST", "/v1/keys", token: rig.admin, #"{"name": "\#(name)"}"#,
          headers: [("Idempotency-Key", "one")])
      }
      let held = store.holdNextCommit()
      async let first = create("a")
      await held.reached()
      let second = try await create("a")
      #expect(second.status == 409)
      #expect(second.string("code") == "in_progress")
      let other = try await create("b")
      #expect(other.status == 422)
      held.release()
      #expect(try await first.status == 201)
      #expect(try await create("a").string("code") == "already_done")
      #expect(try await rig.keyCount() == 2)
    }
  }

  @Test func aFailedCreationMayBeTriedAgain() async throws {
    let store = HeldStore(MemoryStore())
    try await ServerRig.run(store: store) { rig in
      func create() async throws -> HTTPAnswer {
        try await rig.client.json(
          "POST", "/v1/keys", token: rig.admin, #"{"name": "a"}"#,
          headers: [("Idempotency-Key", "one")])
      }
      store.fails = true
      let refused = try await create()
      #expect(refused.status == 503)
      #expect(refused.field("retry-after") == "1")
      #expect(!refused.text.contains("told to fail"))
      store.fails = false
      #expect(try await create().status == 201)
    }
  }

  @Test func keysThatAreNoneAreRefused() async throws {
    try await ServerRig.run { rig in
      let before = try await rig.keyCount()
      let bad: [[(String, String)]] = [
        [("Idempotency-Key", "")], [("Idempotency-Key", "a b")],
        [("Idempotency-Key", String(repeating: "x", count: 256))],
        [("Idempotency-Key", "tok_ab12CD34:0123456789abcdef")], [("Idempotency-Key", "é")],
        [("Idempotency-Key", "a"), ("Idempotency-Key", "a")],
      ]
      for headers in bad {
        let answer = try await rig.client.json(
          "POST", "/v1/keys", token: rig.admin, #"{"name": "a"}"#, headers: headers)
        #expect(answer.status == 400, "\(headers)")
        #expect(answer.string("field") == "Idempotency-Key")
      }
      #expect(try await rig.keyCount() == before)
    }
  }
}
