import Cardea
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaServer

/// `/admin/signals`: what a browser without JavaScript sees, and what it follows with it.
@Suite("/admin/signals", .timeLimit(.minutes(5)))
struct PageSignalTests {
  private func stream(
    _ rig: ServerRig, _ client: PageClient, _ query: String = "after=0", after: String? = nil
  ) throws -> EventStream {
    try EventStream(
      port: rig.client.port, "/admin/signals/stream?\(query)",
      host: "127.0.0.1:\(rig.client.port)", after: after,
      headers: [("Cookie", "__Host-cardea=\(try #require(client.cookie))")])
  }

  @Test func theNewestSignalsAreListedFilteredAndPaged() async throws {
    try await ServerRig.signedIn { rig, client in
      var last: (id: String, token: String)?
      for number in 0..<60 {
        last = try await rig.key("k\(number)") { $0.owner = OwnerReference(name: "o\(number % 2)") }
      }
      let key = try #require(last)
      _ = try await rig.kernel.revokeKey(try #require(UUID(uuidString: key.id)), by: .host)
      func positions(_ path: String) async throws -> [Int] {
        try await client.get(path).text.components(separatedBy: "<template").first?
          .matches(of: /<\/code> <span class="none">at <span data-show="position">(\d+)</)
          .compactMap { Int($0.1) } ?? []
      }
      let newest = try await positions("/signals")
      #expect(newest.count == 50)
      let first = try #require(newest.first)
      #expect(newest == Array((first - 49...first).reversed()))
      let text = try await client.get("/signals").text
      #expect(text.contains("href=\"/admin/signals?before=\(first - 49)\""))
      #expect(text.contains("data-live=\"/admin/signals/stream?\" data-after=\"\(first)\""))
      let older = try await client.get("/signals?before=\(first - 49)").text
      #expect(!older.contains("data-live="))
      #expect(try await positions("/signals?before=\(first - 49)").first == first - 50)
      // And back: less than a page from the newest are the newest.
      let back = "/signals?after=\(first - 50)"
      #expect(older.contains("rel=\"prev\" href=\"/admin\(back)\""))
      #expect(try await positions(back) == newest)
      #expect(try await client.get(back).text.contains("data-live="))
      #expect(try await positions("/signals?after=5") == Array((6...55).reversed()))
      let between = try await client.get("/signals?after=5").text
      #expect(between.contains("rel=\"prev\" href=\"/admin/signals?after=55\""))
      #expect(!between.contains("data-live="))
      #expect(try await client.get("/signals?after=5&before=9").status == 400)
      #expect(try await positions("/signals?name=key_revoked&prefix=&owner=") == [first])
      #expect(try await positions("/signals?key=\(key.id)").count == 2)
      let several = "/signals?name=key_revoked,+owner_created"
      #expect(try await positions(several).count == 3)
      #expect(try await positions("/signals?name=key_revoked&name=owner_created").count == 3)
      let named = try await client.get(several).text
      #expect(named.contains("name=\"name\" value=\"key_revoked, owner_created\""))
      #expect(
        named.contains("data-live=\"/admin/signals/stream?name=key_revoked%2C%20owner_created\""))
      #expect(try await positions("/signals?owner=o1").count > 30)
      #expect(try await positions("/signals?owner=nobody").isEmpty)
      #expect(try await client.get("/signals?name=nothing").text.contains("href=\"#name\""))
      #expect(try await client.get("/signals?key=x").status == 400)
    }
  }

  @Test func theStreamGoesOnFromThePage() async throws {
    try await ServerRig.signedIn { rig, client in
      let key = try await rig.key("<b>first</b>")
      let stream = try stream(rig, client)
      let answer = try await stream.answer()
      #expect(answer.status == 200)
      #expect(answer.field("content-type") == "text/event-stream")
      #expect(answer.field("x-frame-options") == "DENY")
      let known = try await stream.next(2)
      #expect(known.map(\.id) == ["1", "2"])
      // Under no name, so that a browser takes every one alike.
      #expect(known.map(\.name) == ["message", "message"])
      _ = try await rig.kernel.revokeKey(try #require(UUID(uuidString: key.id)), by: .host)
      let event = try #require(try await stream.next())
      let row = event.json
      #expect(row["position"] as? Int == 3)
      #expect(row["signal"] as? String == "key_revoked")
      #expect(row["actor"] as? String == "host")
      #expect(row["key_path"] as? String == "/admin/keys/\(key.id)")
      #expect((row["data"] as? String)?.contains(#""signal" : "key_revoked""#) == true)
      // What a browser that comes back was told last counts more than where the page began.
      let again = try self.stream(rig, client, after: "2")
      #expect(try await again.next()?.id == "3")
      let filtered = try self.stream(rig, client, "after=0&name=key_revoked")
      #expect(try await filtered.next()?.id == "3")
      let two = try self.stream(rig, client, "after=0&name=key_revoked%2C%20key_created")
      #expect(try await two.next(3).map(\.id) == ["1", "2", "3"])
      #expect(try await self.stream(rig, client, "after=99").answer().status == 400)
    }
  }

  @Test func itNeedsASessionThatMayReadSignals() async throws {
    try await ServerRig.signedIn { rig, client in
      let stranger = try EventStream(
        port: rig.client.port, "/admin/signals/stream", host: "127.0.0.1", token: rig.admin)
      #expect(try await stranger.answer().status == 303)
      let other = try await rig.visitor("cardea:keys:read")
      #expect(try await !other.get("/").text.contains("/admin/signals"))
      #expect(try await other.get("/signals").status == 403)
      #expect(try await stream(rig, other).answer().status == 403)
      let follower = try await rig.visitor("cardea:signals:read")
      #expect(try await follower.get("/signals").status == 200)
      let stream = try stream(rig, follower)
      #expect(try await stream.answer().status == 200)
      // Whoever may not look at keys is led to none.
      #expect(try await stream.next()?.json["key_path"] == nil)
    }
  }

  @Test func aStreamEndsWithItsKey() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key { $0.scopes = ["cardea:signals:read"] }
      let client = PageClient(rig)
      try await client.signIn(key.token)
      let stream = try stream(rig, client)
      #expect(try await stream.next(2).count == 2)
      _ = try await rig.kernel.revokeKey(try #require(UUID(uuidString: key.id)), by: .host)
      #expect(try await stream.next() == nil)
    }
  }

  @Test(arguments: ["signed out", "unused"]) func aStreamEndsWithItsSession(
    _ how: String
  ) async throws {
    try await ServerRig.signedIn { rig, client in
      let stream = try stream(rig, client)
      #expect(try await stream.next()?.id == "1")
      if how == "unused" {
        // Looking on is no use: whoever went away is signed out all the same.
        rig.clock.advance(by: 1_700)
        _ = try await rig.key("told")
        #expect(try await stream.next()?.id == "2")
        rig.clock.advance(by: 101)
      } else {
        let form = try await client.hidden("/", "/sign-out")
        #expect(try await client.send("POST", "/sign-out", form).status == 303)
      }
      _ = try await rig.key("not told")
      #expect(try await stream.next() == nil)
    }
  }

  @Test func aStreamTakesNoNoticeFromThePageToCome() async throws {
    try await ServerRig.signedIn { rig, client in
      let key = try await rig.key()
      _ = try await client.submit("/keys/\(key.id)/suspend")
      #expect(try await stream(rig, client).answer().status == 200)
      #expect(try await client.get("/keys").text.contains("The key is suspended."))
    }
  }
}
