import Cardea
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaServer

@Suite("/v1/webhooks")
struct WebhookRoutesTests {
  private static let fields = [
    "created_at", "created_by", "delivery", "description", "enabled", "id", "old_secret_ends_at",
    "signals", "url",
  ]

  @Test func anEndpointIsMadeShownChangedAndRemoved() async throws {
    try await ServerRig.run { rig in
      let made = try await rig.client.json(
        "POST", "/v1/webhooks", token: rig.admin,
        #"{"url":"https://example.invalid/a","signals":["key_revoked","key_created"],"enabled":false}"#
      )
      #expect(made.status == 201)
      #expect(made.json.keys.sorted() == ["secret", "webhook"])
      let webhook = made.object("webhook")
      #expect(webhook.keys.sorted() == WebhookRoutesTests.fields)
      #expect(webhook["signals"] as? [String] == ["key_created", "key_revoked"])
      #expect((webhook["created_by"] as? String)?.hasPrefix("key:tok_") == true)
      let path = "/v1/webhooks/\(try #require(webhook["id"] as? String))"
      let changed = try await rig.client.json(
        "PATCH", path, token: rig.admin, #"{"description":"for the shop","signals":[]}"#)
      #expect(changed.status == 200)
      let shown = try await rig.client.json("GET", path, token: rig.admin)
      #expect(shown.json.keys.sorted() == WebhookRoutesTests.fields)
      #expect(shown.string("description") == "for the shop")
      #expect(shown.string("url") == "https://example.invalid/a")
      #expect(shown.json["signals"] as? [String] == [])
      #expect(shown.object("delivery")["circuit"] as? String == "closed")
      let rotated = try await rig.client.json(
        "POST", "\(path)/rotate-secret", token: rig.admin, #"{"overlap":"1h"}"#)
      #expect(rotated.status == 200)
      #expect(rotated.object("webhook")["old_secret_ends_at"] is String)
      #expect(rotated.string("secret") != made.string("secret"))
      let list = try await rig.client.json("GET", "/v1/webhooks", token: rig.admin)
      #expect((list.json["webhooks"] as? [Any])?.count == 1)
      // A secret is in the answer that made it and in no other.
      for answer in [changed, shown, list] { #expect(!answer.text.contains("whsec_")) }
      let letters = try await rig.client.json(
        "GET", "\(path)/dead-letters?after=0", token: rig.admin)
      #expect((letters.json["dead_letters"] as? [Any])?.isEmpty == true)
      let replay = try await rig.client.json("POST", "\(path)/replay", token: rig.admin)
      #expect(replay.json["replayed"] as? Int == 0)
      #expect(try await rig.client.json("DELETE", path, token: rig.admin).status == 204)
      #expect(try await rig.client.json("DELETE", path, token: rig.admin).status == 404)
      #expect(try await rig.client.json("GET", path, token: rig.admin).status == 404)
    }
  }

  @Test(arguments: [
    (#"{}"#, "url"), (#"{"url":1}"#, "url"), (#"{"url":"http://example.org"}"#, "url"),
    (#"{"url":"https://127.0.0.1"}"#, "url"), (#"{"url":"https://a@example.org"}"#, "url"),
    (#"{"url":"https://example.org","signals":["nothing"]}"#, "signals"),
    (#"{"url":"https://example.org","signals":"key_created"}"#, "signals"),
    (#"{"url":"https://example.org","enabled":"yes"}"#, "enabled"),
    (#"{"url":"https://example.org","secret":"whsec_AAAA"}"#, "secret"),
    (#"{"url":"https://example.org","id":"x"}"#, "id"),
  ]) func badInputIsNamed(_ body: String, _ field: String) async throws {
    try await ServerRig.run { rig in
      let answer = try await rig.client.json("POST", "/v1/webhooks", token: rig.admin, body)
      #expect(answer.status == 400)
      #expect(answer.string("field") == field)
      let list = try await rig.client.json("GET", "/v1/webhooks", token: rig.admin)
      #expect((list.json["webhooks"] as? [Any])?.isEmpty == true)
    }
  }

  /// Whoever may follow signals or manage keys may not have them sent anywhere.
  @Test func aForeignActorIsRefused() async throws {
    try await ServerRig.run { rig in
      let others = ["cardea:signals:read", "cardea:keys:write", "cardea:audit:read"]
      let other = try await rig.key { $0.scopes = others }
      let reader = try await rig.key { $0.scopes = ["cardea:webhooks:read"] }
      let body = #"{"url":"https://localhost:1","enabled":false}"#
      for token in [other.token, reader.token] {
        let answer = try await rig.client.json("POST", "/v1/webhooks", token: token, body)
        #expect(answer.status == 403)
        #expect(answer.string("code") == "insufficient_scope")
      }
      #expect(try await rig.client.json("GET", "/v1/webhooks", token: other.token).status == 403)
      #expect(try await rig.client.json("GET", "/v1/webhooks", token: reader.token).status == 200)
      let writer = try await rig.key {
        $0.scopes = ["cardea:webhooks:write", "cardea:signals:read"]
      }
      let made = try await rig.client.json("POST", "/v1/webhooks", token: writer.token, body)
      #expect(made.status == 201)
      let id = try #require(made.object("webhook")["id"] as? String)
      let tried = try await rig.client.json("POST", "/v1/webhooks/\(id)/test", token: writer.token)
      #expect(tried.json["delivered"] as? Bool == false)
      #expect(tried.string("reason")?.hasPrefix("its address is not public") == true)
    }
  }

  /// Whoever may not read signals may not have them sent either; to stop that takes less.
  @Test func whoMayNotReadSignalsMayOnlyDelete() async throws {
    try await ServerRig.run { rig in
      let body = #"{"url":"https://localhost:1","enabled":false}"#
      let made = try await rig.client.json("POST", "/v1/webhooks", token: rig.admin, body)
      let path = "/v1/webhooks/\(try #require(made.object("webhook")["id"] as? String))"
      let writer = try await rig.key { $0.scopes = ["cardea:webhooks:write"] }
      for (method, path, body) in [
        ("POST", "/v1/webhooks", body), ("PATCH", path, #"{"signals":[]}"#),
        ("POST", "\(path)/rotate-secret", "{}"), ("POST", "\(path)/test", "{}"),
        ("POST", "\(path)/replay", "{}"),
      ] {
        let answer = try await rig.client.json(method, path, token: writer.token, body)
        #expect(answer.status == 403, "\(method) \(path)")
        #expect(answer.string("code") == "insufficient_scope")
        #expect(answer.json["missing_scopes"] as? [String] == ["cardea:signals:read"])
      }
      #expect(try await rig.client.json("DELETE", path, token: writer.token).status == 204)
    }
  }

  @Test func tryingAnEndpointOutIsLimited() async throws {
    try await ServerRig.run { rig in
      let body = #"{"url":"https://localhost:1","enabled":false}"#
      let made = try await rig.client.json("POST", "/v1/webhooks", token: rig.admin, body)
      let path = "/v1/webhooks/\(try #require(made.object("webhook")["id"] as? String))"
      for _ in 0..<5 {
        let answer = try await rig.client.json("POST", "\(path)/test", token: rig.admin)
        #expect(answer.status == 200)
      }
      let refused = try await rig.client.json("POST", "\(path)/test", token: rig.admin)
      #expect(refused.status == 429)
      #expect(refused.string("code") == "rate_limited")
      #expect(refused.field("retry-after").flatMap { Int($0) } ?? 0 > 0)
      #expect(try await rig.client.json("GET", path, token: rig.admin).status == 200)
    }
  }

  @Test func aChangeIsInTheAuditAndItsSecretIsNot() async throws {
    try await ServerRig.run { rig in
      let made = try await rig.client.json(
        "POST", "/v1/webhooks", token: rig.admin, #"{"url":"https://example.invalid/hidden-part"}"#)
      let path = "/v1/webhooks/\(try #require(made.object("webhook")["id"] as? String))"
      _ = try await rig.client.json("PATCH", path, token: rig.admin, #"{"enabled":false}"#)
      _ = try await rig.client.json("POST", "\(path)/rotate-secret", token: rig.admin)
      _ = try await rig.client.json("DELETE", path, token: rig.admin)
      for action in [
        "webhook_created", "webhook_updated", "webhook_secret_rotated", "webhook_deleted",
      ] {
        let audit = try await rig.client.json(
          "GET", "/v1/audit?action=\(action)", token: rig.admin)
        #expect(audit.status == 200)
        #expect(audit.text.contains("example.invalid"), "\(audit.text)")
        #expect(!audit.text.contains("hidden-part") && !audit.text.contains("whsec_"))
      }
    }
  }
}
