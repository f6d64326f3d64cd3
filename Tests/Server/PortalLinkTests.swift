import Cardea
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaServer

/// `POST /v1/portal-links` and what a link lets somebody do: once, for a while, within the rights of who asked.
@Suite("/v1/portal-links")
struct PortalLinkTests {
  @Test func aLinkLetsItsOwnerInOnceAfterAButton() async throws {
    try await PortalRig.run { portal in
      let answer = try await portal.link()
      #expect(answer.status == 201)
      #expect(Set(answer.json.keys) == ["url", "expires_at"])
      let url = try #require(answer.string("url"))
      let base = "http://127.0.0.1:\(portal.rig.client.port)/keys/link?link="
      #expect(url.hasPrefix(base))
      let text = String(url.dropFirst(base.count))
      let end = try #require(answer.string("expires_at").flatMap { Timestamp(rfc3339: $0) })
      let life = end.milliseconds - portal.rig.clock.now().milliseconds
      #expect((290_000...300_000).contains(life))
      let client = portal.client()
      // A preview of the link, by whatever it is sent through, does not use it up.
      for _ in 0..<3 {
        let page = try await client.get("/link?link=\(text)")
        #expect(page.status == 200)
        #expect(page.text.contains("Continue as ann"))
        #expect(page.field("referrer-policy") == "no-referrer")
        #expect(client.cookie == nil)
      }
      let form = try await client.hidden("/link?link=\(text)", "/link")
      #expect(form.map(\.0) == ["link"])
      let entered = try await client.send("POST", "/link", form)
      #expect(entered.location == "/keys/sign-in?in=1")
      #expect(try await client.get("/sign-in?in=1").location == "/keys/")
      let cookie = try #require(entered.field("set-cookie"))
      #expect(cookie.hasPrefix("__Host-cardea-keys="))
      #expect(cookie.hasSuffix("; Path=/; Secure; HttpOnly; SameSite=Strict"))
      #expect(try await client.get("/").text.contains("Ann&#39;s"))
      // Used is used.
      let late = portal.client()
      #expect(try await late.get("/link?link=\(text)").status == 403)
      #expect(try await late.send("POST", "/link", form).status == 403)
      #expect(late.cookie == nil)
    }
  }

  /// A link is a way to a session, and a session makes none: it would outlive its log-out.
  @Test func aSessionMakesNoLink() async throws {
    try await PortalRig.run { portal in
      let made = try await portal.rig.client.json("POST", "/v1/sessions", token: portal.host.token)
      let session = try #require(made.string("token"))
      let answer = try await portal.rig.client.json(
        "POST", "/v1/portal-links", #"{"owner": "ann"}"#, headers: [("X-Session-Token", session)])
      #expect(answer.status == 403 && answer.string("code") == "key_required", "\(answer)")
    }
  }

  /// Of many at once on several servers of one store, one is let in.
  @Test func aRaceForALinkHasOneWinner() async throws {
    try await PortalRig.run { portal in
      let servers = (0..<4).map { _ in PortalLinks(portal.rig.kernel) }
      for _ in 0..<10 {
        let text = try await portal.text()
        let wins = try await withThrowingTaskGroup(of: Bool.self) { group in
          for number in 0..<12 {
            group.addTask { try await servers[number % 4].take(text) != nil }
          }
          return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(wins == 1)
      }
      let text = try await portal.text()
      let answers = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<8 {
          group.addTask {
            try await portal.client().send("POST", "/link", [("link", text)]).status
          }
        }
        return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
      }
      #expect(answers == [303: 1, 403: 7])
    }
  }

  @Test func serversOnOneStoreSignWithOneKey() async throws {
    try await PortalRig.run { portal in
      let kernel = portal.rig.kernel
      let identity = try await portal.issuer()
      let links = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<8 {
          group.addTask {
            try await PortalLinks(kernel).make(
              for: portal.ann, scopes: [], lifetime: .seconds(60), issuer: identity
            ).text
          }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(Set(links).count == 8)
      let other = PortalLinks(kernel)
      for link in links { #expect(try await other.take(link)?.owner.id == portal.ann.id) }
    }
  }

  /// What nobody takes is bounded; what is used or past its end makes room.
  @Test func aKeyHasAThousandUnusedLinksAndNoMore() async throws {
    try await PortalRig.run { portal in
      let kernel = portal.rig.kernel
      let identity = try await portal.issuer()
      let links = PortalLinks(kernel)
      let first = try await portal.text()
      for _ in 1..<PortalLinks.mostUnused {
        _ = try await links.make(
          for: portal.ann, scopes: [], lifetime: .seconds(60), issuer: identity)
      }
      let refused = try await portal.link()
      #expect(refused.status == 409 && refused.string("code") == "link_limit")
      #expect(refused.string("detail")?.contains("1000 links that nobody used yet") == true)
      // Another key has its own.
      #expect(try await portal.link(token: portal.rig.admin).status == 201)
      #expect(try await portal.client().send("POST", "/link", [("link", first)]).status == 303)
      #expect(try await portal.link().status == 201)
      #expect(try await portal.link().status == 409)
      portal.rig.clock.advance(by: 61)
      #expect(try await portal.link().status == 201)
      let store = try #require(kernel.store as? any PluginRecordStore)
      #expect(try await store.pluginRecords("portal-links").count == 3)
    }
  }

  @Test func aLinkPastItsEndLetsNobodyIn() async throws {
    try await PortalRig.run { portal in
      let text = try await portal.text(#"{"owner": "ann", "ttl": "10s"}"#)
      portal.rig.clock.advance(by: 9)
      #expect(try await portal.client().get("/link?link=\(text)").status == 200)
      portal.rig.clock.advance(by: 2)
      #expect(try await portal.client().get("/link?link=\(text)").status == 403)
      #expect(try await portal.client().send("POST", "/link", [("link", text)]).status == 403)
      // And its record goes with a sweep.
      portal.rig.clock.advance(by: 60)
      _ = try await portal.text()
      let store = try #require(portal.rig.kernel.store as? any PluginRecordStore)
      #expect(try await store.pluginRecords("portal-links").count == 1)
    }
  }

  @Test func whatWasNotSignedHereOrWasChangedLetsNobodyIn() async throws {
    try await PortalRig.run { portal in
      let text = try await portal.text()
      let bytes = try #require(Base64.decodeURL(Array(text.utf8)))
      var forged = [
        "", "x", String(text.dropLast()), text + "A", text + "%41", "\(text)&link=\(text)",
      ]
      for place in stride(from: 0, to: bytes.count, by: 7) {
        var changed = bytes
        changed[place] ^= 1
        forged.append(Base64.encodeURL(changed))
      }
      let primitives = portal.rig.kernel.primitives
      let stranger = try #require(
        Ed25519.PrivateKey(seed: Secret([UInt8](repeating: 9, count: 32))))
      let end = try #require(portal.rig.clock.now().adding(.seconds(60)))
      forged.append(
        PortalLink(
          id: UUID(), owner: portal.ann.id, expiresAt: end, nonce: primitives.randomBytes(32)
        ).signed(by: stranger, primitives))
      // Signed by the server's own key, but of no record.
      let store = try #require(portal.rig.kernel.store as? any PluginRecordStore)
      let record = try #require(try await store.pluginRecords("portal-link-key").first)
      let own = try #require(Ed25519.PrivateKey(seed: Secret(record.content)))
      let pending = try #require(try await store.pluginRecords("portal-links").first)
      for id in [UUID(), pending.id] {
        forged.append(
          PortalLink(
            id: id, owner: portal.ann.id, expiresAt: end, nonce: primitives.randomBytes(32)
          ).signed(by: own, primitives))
      }
      for link in forged {
        #expect(try await portal.client().get("/link?link=\(link)").status >= 400)
        #expect(try await portal.client().send("POST", "/link", [("link", link)]).status == 403)
      }
      // None of it used the real one up.
      #expect(try await portal.client().send("POST", "/link", [("link", text)]).status == 303)
    }
  }

  @Test func nothingOfALinkIsKeptOrTold() async throws {
    let lines = Locked<[String]>([])
    try await PortalRig.run { portal in
      portal.rig.kernel.signals.subscribe(
        UserLoggedIn.self, id: "test.in", .queue(bound: 100, overflow: .dropNewest)
      ) { signal in
        let text = String(decoding: try JSONEncoder().encode(signal), as: UTF8.self)
        lines.withLock { $0.append(text) }
      }
      let text = try await portal.text()
      let store = try #require(portal.rig.kernel.store as? any PluginRecordStore)
      for record in try await store.pluginRecords("portal-links") {
        #expect(!String(decoding: record.content, as: UTF8.self).contains(text))
      }
      let client = portal.client()
      let entered = try await client.send("POST", "/link", [("link", text)])
      #expect(!entered.text.contains(text))
      #expect(!(entered.location ?? "").contains(text))
      #expect(try await !client.get("/").text.contains(text))
      await portal.rig.kernel.drain()
      let told = lines.withLock { $0 }
      #expect(told.contains { $0.contains(#""owner":"ann""#) })
      #expect(told.allSatisfy { !$0.contains(text) && !$0.contains("link=") })
      for entry in try await portal.rig.kernel.audit(AuditQuery(limit: 1_000)).items {
        let line = String(
          decoding: try JSONEncoder.contract().encode(AuditResource(entry)), as: UTF8.self)
        #expect(!line.contains(text))
      }
    }
  }

  /// Who came by a link and who left are in the access log, with the owner and without the link.
  @Test func comingAndGoingIsRecorded() async throws {
    let sink = QueueAuditSink(node: "portal")
    try await PortalRig.run(plugins: [sink]) { portal in
      let text = try await portal.text()
      let client = portal.client()
      #expect(try await client.send("POST", "/link", [("link", text)]).status == 303)
      let form = try await client.hidden("/", "/sign-out")
      #expect(try await client.send("POST", "/sign-out", form).status == 303)
      let records = sink.records(after: 0, details: .max, limit: .max).map(\.draft)
      let own = records.filter { $0.keyID == nil && $0.reason == nil }
      #expect(own.map(\.action) == ["user_logged_in", "user_logged_out"])
      for draft in own {
        let payload = String(decoding: draft.payload, as: UTF8.self)
        #expect(payload.contains(#""owner":"ann""#) && !payload.contains(text), "\(payload)")
      }
    }
  }

  /// What can't be recorded lets nobody in.
  @Test func whoCanNotBeRecordedIsNotLetIn() async throws {
    try await PortalRig.run(plugins: [Forgetful()]) { portal in
      let client = portal.client()
      let answer = try await client.send("POST", "/link", [("link", try await portal.text())])
      #expect(answer.status == 503 && client.cookie == nil, "\(answer.status)")
    }
  }

  /// Fails to record whoever comes without a key.
  private struct Forgetful: AuditSink {
    let id = "test.forgetful"
    struct Forgot: Error {}
    func record(_ events: [AccessEvent]) throws {
      if events.contains(where: { $0.keyID == nil }) { throw Forgot() }
    }
  }

  @Test func onlyWhoMayAsksForALink() async throws {
    try await PortalRig.run { portal in
      let owners = try await portal.link(token: portal.key.token)
      #expect(owners.status == 403)
      #expect(try await portal.rig.client.json("POST", "/v1/portal-links").status == 401)
      #expect(try await portal.link(token: portal.rig.admin).status == 201)
    }
  }

  @Test func aFaultyQuestionIsRefusedByName() async throws {
    try await PortalRig.run { portal in
      let faults: [(String, Int, String?)] = [
        (#"{}"#, 400, "owner"), (#"{"owner": "nobody"}"#, 400, "owner"),
        (#"{"owner": {"kind": "system", "name": "ann"}}"#, 400, "owner"),
        (#"{"owner": "ann", "ttl": "61m"}"#, 400, "ttl"),
        (#"{"owner": "ann", "ttl": "0s"}"#, 400, "ttl"),
        (#"{"owner": "ann", "ttl": "never"}"#, 400, "ttl"),
        (#"{"owner": "ann", "ttl": 60}"#, 400, "ttl"),
        (#"{"owner": "ann", "scopes": ["a b"]}"#, 400, "scopes"),
        (#"{"owner": "ann", "more": 1}"#, 400, "more"),
        (#"{"owner": "ann", "scopes": ["bills:read"]}"#, 403, nil),
        (#"{"owner": "ann", "scopes": ["*"]}"#, 403, nil),
      ]
      for (body, status, field) in faults {
        let answer = try await portal.link(body)
        #expect(answer.status == status, "\(body)")
        if let field { #expect(answer.string("field") == field, "\(body)") }
        if status == 403 { #expect(answer.string("code") == "beyond_actor", "\(body)") }
      }
      _ = try await portal.rig.kernel.disableOwner(portal.ann.id, by: .host)
      #expect(try await portal.link().string("code") == "owner_disabled")
    }
  }

  @Test func theAddressIsThatOfThePage() async throws {
    try await PortalRig.run(server: { $0.pageHosts = ["keys.example.com", "other.example"] }) {
      let answer = try await $0.link()
      let url = try #require(answer.string("url"))
      #expect(url.hasPrefix("https://keys.example.com/keys/link?link="))
    }
    try await PortalRig.run { portal in
      let answer = try await portal.link(name: "cardea.internal")
      #expect(answer.status == 400)
    }
  }

  @Test func aLinkAndItsSessionDieWithWhoAskedAndWithTheOwner() async throws {
    try await PortalRig.run { portal in
      let host = try #require(UUID(uuidString: portal.host.id))
      let (client, text) = (try await portal.signedIn(), try await portal.text())
      _ = try await portal.rig.kernel.disableOwner(portal.ann.id, by: .host)
      #expect(try await client.get("/").location == "/keys/sign-in?ended=1")
      #expect(try await portal.client().send("POST", "/link", [("link", text)]).status == 403)
      _ = try await portal.rig.kernel.enableOwner(portal.ann.id, by: .host)
      let (again, another) = (try await portal.signedIn(), try await portal.text())
      #expect(try await again.get("/").status == 200)
      _ = try await portal.rig.kernel.suspendKey(host, by: .host)
      #expect(try await again.get("/").location == "/keys/sign-in?ended=1")
      #expect(try await portal.client().send("POST", "/link", [("link", another)]).status == 403)
    }
  }
}
