import Cardea
import CardeaServer
import CardeaTestSupport
import Foundation
import Testing

/// `/admin/webhooks…`, as a browser without JavaScript goes through it.
@Suite("/admin/webhooks")
struct PageWebhookTests {
  private static let url = "https://hooks.example.invalid/cardea"

  /// Makes an endpoint by the page; its path below `/admin`.
  private func make(
    _ client: PageClient, url: String = PageWebhookTests.url, _ fields: [(String, String)] = []
  ) async throws -> (path: String, secret: String) {
    let made = try await client.submit("/webhooks/new", [("url", url)] + fields)
    #expect(made.status == 200)
    let path = try #require(made.text.firstMatch(of: /href="\/admin(\/webhooks\/[0-9a-f-]{36})"/))
    return (String(path.1), try #require(made.element("token")))
  }

  /// Gives up on a signal, as a delivery does.
  private func bury(_ rig: ServerRig, _ path: String, at position: Int64) async throws {
    let store = try #require(rig.kernel.store as? any DurableKeyStore)
    let name = "webhook.\(path.suffix(36))"
    // By then whoever delivers has let go of it.
    let now = try #require(rig.clock.now().adding(.seconds(3_600)))
    let from = try #require(
      try await store.claim(
        SubscriptionClaim(name: name, holder: "test", now: now, until: now, start: 0)))
    try await store.advance(
      SubscriptionStep(
        name: name, holder: "test", from: from, to: from,
        buried: DeadLetter(
          subscription: name, position: position, signal: "key_created", keyID: nil,
          prefix: "tok_x",
          failedAt: now, attempts: 7, reason: "HTTP 500")))
  }

  @Test func aSecretIsShownOnceAndInNoPageToCome() async throws {
    try await ServerRig.signedIn { rig, client in
      #expect(try await client.get("/webhooks").text.contains("No webhooks"))
      let form = try await client.hidden("/webhooks/new", "/webhooks/new")
      let fields =
        form + [
          ("url", PageWebhookTests.url), ("description", "Shop"), ("signals", "key_revoked"),
          ("signals", "key_created"),
        ]
      let made = try await client.send("POST", "/webhooks/new", fields)
      let secret = try #require(made.element("token"))
      #expect(secret.hasPrefix("whsec_"))
      #expect(made.field("cache-control") == "no-store")
      let again = try await client.send("POST", "/webhooks/new", fields)
      #expect(again.status == 409)
      #expect(!again.text.contains("whsec_"))
      let list = try await rig.client.json("GET", "/v1/webhooks", token: rig.admin)
      let webhook = try #require((list.json["webhooks"] as? [[String: Any]])?.first)
      #expect((list.json["webhooks"] as? [Any])?.count == 1)
      #expect(webhook["description"] as? String == "Shop")
      #expect(webhook["signals"] as? [String] == ["key_created", "key_revoked"])
      #expect((webhook["created_by"] as? String)?.hasPrefix("key:") == true)
      let path = "/webhooks/\(try #require(webhook["id"] as? String))"
      for page in ["/webhooks", path, "\(path)/edit", "\(path)/rotate-secret", "\(path)/delete"] {
        let text = try await client.get(page).text
        #expect(text.contains(PageWebhookTests.url), "\(page)")
        #expect(!text.contains("whsec_"), "\(page)")
      }
    }
  }

  @Test func aFaultyFormIsShownAgainWithWhatWasTyped() async throws {
    try await ServerRig.signedIn { rig, client in
      for (url, signal) in [("http://example.org", "key_created"), ("https://example.org", "no")] {
        let answer = try await client.submit(
          "/webhooks/new",
          [("url", url), ("description", "kept"), ("signals", signal), ("signals", "key_revoked")])
        #expect(answer.status == 400)
        #expect(answer.text.contains("href=\"#\(signal == "no" ? "signals" : "url")\""))
        #expect(answer.text.contains("value=\"kept\""))
        #expect(answer.text.contains("value=\"key_revoked\" checked"))
      }
      let list = try await rig.client.json("GET", "/v1/webhooks", token: rig.admin)
      #expect((list.json["webhooks"] as? [Any])?.isEmpty == true)
    }
  }

  @Test func anEndpointIsEditedDisabledEnabledAndDeleted() async throws {
    try await ServerRig.signedIn { rig, client in
      let path = try await make(client).path
      func fact(_ name: String) async throws -> Any? {
        try await rig.client.json("GET", "/v1\(path)", token: rig.admin).json[name]
      }
      let seen = try await client.hidden("\(path)/edit", "\(path)/edit")
      let edit = [("url", "https://other.example.invalid/"), ("description", "Other")]
      #expect(try await client.submit("\(path)/edit", edit).location == "/admin\(path)")
      #expect(try await fact("url") as? String == "https://other.example.invalid/")
      // Of a form that was opened before somebody else's change nothing is written.
      let late = try await client.send(
        "POST", "\(path)/edit", seen + [("url", PageWebhookTests.url)])
      #expect(late.status == 409)
      #expect(try await fact("url") as? String == "https://other.example.invalid/")
      #expect(try await client.get("\(path)/disable").text.contains("until somebody enables it"))
      #expect(try await fact("enabled") as? Bool == true)
      _ = try await client.submit("\(path)/disable")
      #expect(try await fact("enabled") as? Bool == false)
      #expect(try await client.get(path).text.contains("The webhook is disabled."))
      _ = try await client.submit("\(path)/enable")
      #expect(try await fact("enabled") as? Bool == true)
      #expect(try await client.get("\(path)/delete").status == 200)
      #expect(try await client.submit("\(path)/delete").location == "/admin/webhooks")
      #expect(try await client.get(path).status == 404)
    }
  }

  @Test func aSecretIsRotatedWithAnOverlap() async throws {
    try await ServerRig.signedIn { rig, client in
      let (path, first) = try await make(client)
      let page = "\(path)/rotate-secret"
      let bad = try await client.submit(page, [("overlap", "8d")])
      #expect(bad.status == 400)
      #expect(bad.text.contains("href=\"#overlap\""))
      let rotated = try await client.submit(page, [("overlap", "24h")])
      let second = try #require(rotated.element("token"))
      #expect(second.hasPrefix("whsec_") && second != first)
      let shown = try await client.get(path).text
      #expect(shown.contains("Two secrets sign") && shown.contains("data-countdown"))
      rig.clock.advance(by: 86_400)
      try await client.signIn(rig.admin)
      #expect(try await !client.get(path).text.contains("Two secrets sign"))
    }
  }

  @Test func aTestSaysWhatCameOfIt() async throws {
    try await ServerRig.signedIn { rig, client in
      let path = try await make(client, url: "https://localhost:1").path
      for _ in 0..<5 {
        let tried = try await client.submit(path, to: "\(path)/test")
        #expect(tried.location == "/admin\(path)")
      }
      let text = try await client.get(path).text
      #expect(text.contains("The test was not delivered: its address is not public"))
      let limited = try await client.submit(path, to: "\(path)/test")
      #expect(limited.status == 429)
      #expect(limited.field("retry-after") != nil)
    }
  }

  @Test func deadLettersAreListedAndDeliveredAgain() async throws {
    try await ServerRig.signedIn { rig, client in
      let path = try await make(client).path
      let letters = "\(path)/dead-letters"
      _ = try await client.submit("\(path)/disable")
      #expect(try await client.get(letters).text.contains("Nothing was given up on."))
      for position in 1...3 { try await bury(rig, path, at: Int64(position)) }
      #expect(try await client.get("/webhooks").text.contains("href=\"/admin\(letters)\""))
      let text = try await client.get("\(letters)?limit=2").text
      #expect(text.contains("HTTP 500") && text.contains("at 2") && !text.contains("at 3<"))
      #expect(text.contains("href=\"/admin\(letters)?after=2\""))
      func replayed() async throws -> [Int64] {
        try await rig.kernel.deadLetters(
          DeadLetterQuery(subscription: "webhook.\(path.suffix(36))", limit: 10)
        ).filter(\.isReplayed).map(\.position)
      }
      let form = try await client.hidden(letters, "\(path)/replay").prefix(1)
      let one = try await client.send("POST", "\(path)/replay", form + [("position", "2")])
      #expect(one.location == "/admin\(letters)")
      #expect(try await replayed() == [2])
      #expect(try await client.get(letters).text.contains("1 dead letter is delivered again."))
      _ = try await client.send("POST", "\(path)/replay", Array(form))
      #expect(try await replayed() == [1, 2, 3])
      #expect(
        try await client.send("POST", "\(path)/replay", form + [("position", "x")]).status == 400)
    }
  }

  /// The page gives no more than the interface for programs does.
  @Test func aKeySeesAndDoesWhatItsScopesAllow() async throws {
    try await ServerRig.signedIn { rig, client in
      let path = try await make(client).path
      let writes = [
        "/webhooks/new", "\(path)/edit", "\(path)/disable", "\(path)/enable",
        "\(path)/rotate-secret",
      ]
      let posts = writes + ["\(path)/test", "\(path)/replay"]
      let reader = try await rig.visitor("cardea:webhooks:read")
      #expect(try await reader.get("/").text.contains("href=\"/admin/webhooks\""))
      let list = try await reader.get("/webhooks")
      #expect(list.status == 200 && !list.text.contains("/webhooks/new"))
      let shown = try await reader.get(path).text
      for action in ["edit", "test", "disable", "rotate-secret", "delete"] {
        #expect(!shown.contains("\(path)/\(action)"), "\(action)")
      }
      let deleter = try await rig.visitor("cardea:webhooks:read", "cardea:webhooks:write")
      #expect(try await deleter.get(path).text.contains("\(path)/delete"))
      for visitor in [reader, deleter] {
        for page in writes { #expect(try await visitor.get(page).status == 403, "\(page)") }
        let form = try await visitor.hidden("/", "/sign-out")
        for page in posts {
          #expect(try await visitor.send("POST", page, form).status == 403, "\(page)")
        }
      }
      let form = try await reader.hidden("/", "/sign-out")
      #expect(try await reader.send("POST", "\(path)/delete", form).status == 403)
      let keys = try await rig.visitor("cardea:keys:read")
      #expect(try await !keys.get("/").text.contains("/admin/webhooks"))
      for page in ["/webhooks", path, "\(path)/dead-letters"] {
        #expect(try await keys.get(page).status == 403)
      }
      // Without the form's token nothing is done, whoever asks.
      #expect(try await client.send("POST", "\(path)/delete", [("x", "y")]).status == 403)
      #expect(try await client.get(path).status == 200)
      #expect(try await deleter.submit("\(path)/delete").location == "/admin/webhooks")
    }
  }

  @Test func whateverIsShownIsEscaped() async throws {
    try await ServerRig.signedIn { rig, client in
      let path = try await make(
        client, url: "https://example.org/\"><b>'&", [("description", "<b>\"'&")]
      ).path
      for page in ["/webhooks", path, "\(path)/edit", "\(path)/rotate-secret", "\(path)/delete"] {
        let text = try await client.get(page).text
        #expect(text.contains("https://example.org/&quot;&gt;&lt;b&gt;&#39;&amp;"), "\(page)")
        #expect(!text.contains("<b>"), "\(page)")
      }
    }
  }
}
