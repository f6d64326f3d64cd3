import Cardea
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaServer

/// An owner's own page: their keys, within their rights, and nothing of anybody else's.
@Suite("/keys/")
struct PortalPageTests {
  /// Signed in with a key, and by a link.
  private func clients(_ portal: PortalRig) async throws -> [(String, PageClient)] {
    let withKey = portal.client()
    #expect(try await withKey.signIn(portal.key.token).location == "/keys/sign-in?in=1")
    return [("key", withKey), ("link", try await portal.signedIn())]
  }

  private func record(_ key: (id: String, token: String), _ portal: PortalRig) async throws
    -> KeyRecord
  {
    try await portal.rig.kernel.key(try #require(UUID(uuidString: key.id))).key
  }

  // MARK: who

  @Test func strangersAreLedToTheSignIn() async throws {
    try await PortalRig.run { portal in
      for path in ["/", "/new", "/\(portal.key.id)", "/\(portal.key.id)/rotate"] {
        #expect(try await portal.client().get(path).location == "/keys/sign-in")
      }
      #expect(try await portal.client().get("").location == "/keys/")
      let client = portal.client()
      for token in ["", "nonsense", portal.key.token + "x"] {
        let answer = try await client.signIn(token)
        #expect(answer.status == 401)
        if !token.isEmpty { #expect(!answer.text.contains(token)) }
      }
      // A key that belongs to nobody, and a session of a key.
      let nobodys = try await portal.rig.key { $0.scopes = ["orders:read"] }
      #expect(try await client.signIn(nobodys.token).status == 403)
      let session = try await portal.rig.client.json(
        "POST", "/v1/sessions", token: portal.key.token)
      #expect(try await client.signIn(try #require(session.string("token"))).status == 401)
      #expect(client.cookie == nil)
    }
  }

  @Test func aSessionOfOnePageOpensNotTheOther() async throws {
    try await PortalRig.run { portal in
      // Ann's key may open either page.
      let both = try await portal.rig.key {
        $0.owner = OwnerReference(name: "ann")
        $0.scopes = [ScopeSet.admin]
      }
      let (mine, admin) = (portal.client(), PageClient(portal.rig))
      try await mine.signIn(both.token)
      try await admin.signIn(both.token)
      let wrongWay = PageClient(portal.rig)
      wrongWay.cookie = mine.cookie
      #expect(try await wrongWay.get("/").status == 303)
      let otherWay = portal.client()
      otherWay.cookie = admin.cookie
      #expect(try await otherWay.get("/").status == 303)
      // Nor does the one's cookie stand for the other's.
      let swapped = PageClient(portal.rig, root: "/admin", cookieName: "__Host-cardea-keys")
      swapped.cookie = mine.cookie
      #expect(try await swapped.get("/").status == 303)
      #expect(try await mine.get("/").status == 200)
      #expect(try await admin.get("/").status == 200)
    }
  }

  @Test func aSessionDiesWithItsKeyAndWithItsOwner() async throws {
    typealias Blow = @Sendable (AuthKernel, UUID, UUID) async throws -> Void
    let blows: [Blow] = [
      { kernel, key, _ in _ = try await kernel.revokeKey(key, by: .host) },
      { kernel, key, _ in _ = try await kernel.suspendKey(key, by: .host) },
      { kernel, key, _ in _ = try await kernel.rotateToken(key, by: .host) },
      { kernel, _, owner in _ = try await kernel.disableOwner(owner, by: .host) },
    ]
    for blow in blows {
      try await PortalRig.run { portal in
        let client = portal.client()
        try await client.signIn(portal.key.token)
        #expect(try await client.get("/").status == 200)
        try await blow(
          portal.rig.kernel, try #require(UUID(uuidString: portal.key.id)), portal.ann.id)
        #expect(try await client.get("/").location == "/keys/sign-in?ended=1")
        #expect(client.cookie == nil)
      }
    }
  }

  @Test func signingOutIsPublishedForKeysAndForLinks() async throws {
    try await PortalRig.run { portal in
      let signals = Locked<[UserLoggedOut]>([])
      portal.rig.kernel.signals.subscribe(
        UserLoggedOut.self, id: "test.out", .queue(bound: 10, overflow: .dropNewest)
      ) { signal in signals.withLock { $0.append(signal) } }
      for (_, client) in try await clients(portal) {
        let cookie = client.cookie
        let form = try await client.hidden("/", "/sign-out")
        #expect(
          try await client.send("POST", "/sign-out", form).location == "/keys/sign-in?out=1")
        client.cookie = cookie
        #expect(try await client.get("/").status == 303)
      }
      await portal.rig.kernel.drain()
      let told = signals.withLock { $0 }
      #expect(told.map(\.event.owner) == ["ann", "ann"])
      #expect(told.map { $0.event.keyID?.uuidString.lowercased() } == [portal.key.id, nil])
      #expect(told.allSatisfy { $0.event.session != nil })
    }
  }

  // MARK: what

  @Test func onlyTheirOwnKeysAreShown() async throws {
    try await PortalRig.run { portal in
      for (how, client) in try await clients(portal) {
        let page = try await client.get("/").text
        #expect(page.contains(portal.key.id) && page.contains(portal.wide.id), "\(how)")
        #expect(!page.contains(portal.other.id) && !page.contains(portal.host.id), "\(how)")
        // Nor from the place of somebody else's on, or before it.
        for way in ["cursor", "before"] {
          let next = try await client.get("/?\(way)=\(portal.other.id)").text
          #expect(!next.contains(portal.host.id) && !next.contains("Bob"), "\(how)")
        }
        #expect(try await client.get("/\(portal.key.id)").heading == "Ann&#39;s")
      }
    }
  }

  @Test func theirKeysArePagedForthAndBack() async throws {
    try await PortalRig.run { portal in
      for number in 0..<60 {
        _ = try await portal.rig.key("Number \(number)") { $0.owner = OwnerReference(name: "ann") }
      }
      let client = portal.client()
      try await client.signIn(portal.key.token)
      func page(_ path: String) async throws -> (names: [String], text: String) {
        let text = try await client.get(path).text
        return (text.matches(of: /<bdi>(Number \d+)<\/bdi>/).map { String($0.1) }, text)
      }
      let first = try await page("/")
      #expect(first.names.count == 50 && !first.text.contains("rel=\"prev\""))
      let next = try #require(first.text.firstMatch(of: /rel="next" href="\/keys([^"]+)"/)?.1)
      let second = try await page(String(next))
      #expect(second.names.count == 10)
      let back = try #require(second.text.firstMatch(of: /rel="prev" href="\/keys([^"]+)"/)?.1)
      #expect(try await page(String(back)).names == first.names)
    }
  }

  /// Another owner's key is answered as one that does not exist, whatever is tried with it.
  @Test func theKeysOfOthersAreNotThere() async throws {
    try await PortalRig.run { portal in
      let unknown = UUID().uuidString.lowercased()
      let admins = try await portal.rig.key { $0.scopes = [ScopeSet.admin] }
      // Also for one of Ann's keys that may do everything elsewhere.
      let mighty = portal.client()
      try await mighty.signIn(
        try await portal.rig.key {
          $0.owner = OwnerReference(name: "ann")
          $0.scopes = [ScopeSet.admin]
        }.token)
      for (how, client) in try await clients(portal) + [("admin", mighty)] {
        let form = try await client.hidden("/", "/sign-out")
        let once = try await client.hidden("/\(portal.key.id)/rotate", "/\(portal.key.id)/rotate")
        let actions = ["", "/rotate", "/revoke", "/complete-rotation", "/cancel-rotation"]
        for action in actions {
          let none = try await client.get("/\(unknown)\(action)")
          #expect(none.status == 404, "\(how) \(action)")
          for id in [portal.other.id, portal.host.id, admins.id] {
            let answer = try await client.get("/\(id)\(action)")
            #expect(answer.status == 404, "\(how) \(action)")
            #expect(answer.text == none.text, "\(how) \(action)")
            guard !action.isEmpty else { continue }
            let fields = action == "/rotate" ? once : form
            let sent = try await client.send("POST", "/\(id)\(action)", fields)
            #expect(sent.status == (action == "/rotate" ? sent.status : 404), "\(how) \(action)")
            #expect(sent.status >= 400 && sent.element("token") == nil, "\(how) \(action)")
          }
        }
        // What the page does not offer is no way either.
        for action in ["suspend", "reactivate", "purge", "edit"] {
          for id in [portal.key.id, portal.other.id] {
            #expect(try await client.send("POST", "/\(id)/\(action)", form).status == 404)
          }
        }
      }
      for key in [portal.other, portal.host, admins] {
        #expect(try await portal.rig.auth(key.token) == 200)
        #expect(try await record(key, portal).secrets.count == 1)
      }
    }
  }

  @Test func aKeyIsMadeWithinWhatTheyMayGive() async throws {
    try await PortalRig.run(kernel: { $0.defaultScopes = ["orders:read", "bills:read"] }) {
      portal in
      for (how, client) in try await clients(portal) {
        for scopes in [
          "bills:read", "*", "cardea:admin", "cardea:keys:write", "cardea:portal:write", "orders:*",
        ] {
          let beyond = try await client.submit("/new", [("name", "More"), ("scopes", scopes)])
          #expect(beyond.status == 403, "\(how) \(scopes)")
          #expect(beyond.element("token") == nil)
        }
        // Fields that their form does not have do nothing, and the owner is always themselves.
        let made = try await client.submit(
          "/new",
          [
            ("name", "Mine"), ("scopes", "orders:read"), ("owner", "bob"), ("owner_kind", "user"),
            ("class", "internal"), ("kind", "system"), ("metadata", #"{"limit": 1}"#),
          ])
        let token = try #require(made.element("token"), "\(how)")
        #expect(try await portal.rig.auth(token) == 200)
        let prefix = String(try #require(token.split(separator: ":").first))
        let stored = try await portal.rig.kernel.key(prefix: prefix)
        #expect(stored.owner?.id == portal.ann.id)
        #expect(stored.key.kind == .user)
        // A key's limits may be in its metadata: what it makes has them too.
        #expect(stored.key.keyClass == (how == "key" ? "partner" : "default"))
        #expect(stored.key.metadata == (how == "key" ? ["team": .string("billing")] : [:]))
        let own = try await record(portal.key, portal).prefix
        #expect(
          stored.key.createdBy
            == (how == "key" ? "key:\(own)" : "owner:\(portal.ann.id.uuidString.lowercased())"))
        let standard = try await client.submit("/new", [("name", "Standard")])
        #expect(standard.element("token") != nil)
      }
      let names = try await portal.rig.kernel.keys(KeyQuery(now: portal.rig.clock.now())).items
        .filter { $0.key.name == "Standard" }.map(\.key.scopes.names)
      #expect(names == [["orders:read"], ["orders:read"]])
    }
  }

  @Test func aLinksKeysEndWithTheKeyThatAsked() async throws {
    try await PortalRig.run { portal in
      let short = try await portal.rig.key {
        $0.scopes = ["cardea:portal:write", "orders:read"]
        $0.expiry = .after(.seconds(86_400))
      }
      let url = try #require(try await portal.link(token: short.token).string("url"))
      let client = portal.client()
      let text = String(try #require(url.split(separator: "=").last))
      _ = try await client.send("POST", "/link", [("link", text)])
      #expect(try await client.submit("/new", [("name", "a"), ("expires", "never")]).status == 400)
      #expect(try await client.submit("/new", [("name", "a"), ("expires", "2d")]).status == 400)
      let made = try await client.submit("/new", [("name", "a"), ("expires", "12h")])
      #expect(made.element("token") != nil)
    }
  }

  @Test func theLimitHoldsAndIsSaid() async throws {
    try await PortalRig.run { portal in
      var edit = OwnerEdit()
      edit.maxKeys = 3
      _ = try await portal.rig.kernel.updateOwner(portal.ann.id, edit, by: .host)
      let client = try await portal.signedIn()
      #expect(try await client.get("/").text.contains("2 of at most 3 in use"))
      let form = try await client.hidden("/new", "/new")
      #expect(try await client.submit("/new", [("name", "Third")]).status == 200)
      let full = try await client.get("/").text
      #expect(full.contains("as many keys as you may have") && !full.contains("href=\"/keys/new\""))
      #expect(try await client.send("POST", "/new", form + [("name", "Fourth")]).status == 409)
      _ = try await client.submit("/\(portal.key.id)/revoke")
      #expect(try await client.submit("/new", [("name", "Fourth")]).status == 200)
    }
  }

  @Test func theirKeysAreRotatedAndRevoked() async throws {
    try await PortalRig.run { portal in
      let client = try await portal.signedIn()
      let path = "/\(portal.key.id)"
      let rotated = try await client.submit("\(path)/rotate", [("overlap", "1h")])
      let second = try #require(rotated.element("token"))
      #expect(try await portal.rig.auth(portal.key.token) == 200)
      #expect(try await portal.rig.auth(second) == 200)
      #expect(try await client.get(path).text.contains("A rotation is open"))
      #expect(
        try await client.submit("\(path)/cancel-rotation").location == "/keys/\(portal.key.id)")
      let third = try #require(
        try await client.submit("\(path)/rotate", [("overlap", "1h")]).element("token"))
      _ = try await client.submit("\(path)/complete-rotation")
      #expect(try await portal.rig.auth(portal.key.token) == 401)
      #expect(try await portal.rig.auth(third) == 200)
      #expect(try await client.get("\(path)/revoke").text.contains("for ever"))
      _ = try await client.submit("\(path)/revoke")
      #expect(try await portal.rig.auth(third) == 401)
      #expect(try await client.get(path).text.contains("badge revoked"))
      let actors = try await portal.rig.kernel.audit(AuditQuery(limit: 100)).items
        .map { AuditResource($0).summary.actor }
      #expect(actors.contains("owner:\(portal.ann.id.uuidString.lowercased())"))
    }
  }

  /// A key grants its owner's page no more than itself; the owner in person may put a stop to any key of theirs.
  @Test func aStrongerKeyIsEndedInPersonOnlyAndHandedOutByNone() async throws {
    try await PortalRig.run { portal in
      let path = "/\(portal.wide.id)"
      for (how, client) in try await clients(portal) {
        let rotated = try await client.submit("\(path)/rotate")
        #expect(rotated.status == 403 && rotated.element("token") == nil, "\(how)")
        #expect(try await portal.rig.auth(portal.wide.token) == 200)
        #expect(try await client.get("\(path)/revoke").status == (how == "key" ? 403 : 200))
      }
      _ = try await portal.signedIn().submit("\(path)/revoke")
      #expect(try await portal.rig.auth(portal.wide.token) == 401)
    }
  }

  // MARK: guards

  @Test func formsOfOthersAreRefused() async throws {
    try await PortalRig.run { portal in
      let path = "/\(portal.key.id)/revoke"
      let text = try await portal.text()
      let client = try await portal.signedIn()
      let good = try await client.hidden(path, path)
      #expect(good.map(\.0) == ["form_token"])
      let foreign = try await portal.signedIn().hidden(path, path)
      for form in [[], [("form_token", "")], [("form_token", "x")], foreign] {
        #expect(try await client.send("POST", path, form).status == 403)
      }
      for site in ["cross-site", "same-site", "none"] {
        let headers = [("Sec-Fetch-Site", site)]
        #expect(try await client.send("POST", path, good, headers: headers).status == 403)
        let entered = try await portal.client().send(
          "POST", "/link", [("link", text)], headers: headers)
        #expect(entered.status == 403)
      }
      #expect(try await portal.rig.auth(portal.key.token) == 200)
      #expect(try await portal.client().send("POST", "/link", [("link", text)]).status == 303)
      let evil = PageClient(
        portal.rig, host: "evil.example", root: "/keys", cookieName: "__Host-cardea-keys")
      #expect(try await evil.get("/sign-in").status == 421)
      #expect(try await evil.get("/link?link=\(text)").status == 421)
    }
  }

  @Test func everyAnswerIsSealedAndFramedOnlyWhereAllowed() async throws {
    let paths = ["/", "/new", "/sign-in", "/nothing", "/link?link=x"]
    try await PortalRig.run { portal in
      let client = try await portal.signedIn()
      for path in paths {
        let answer = try await client.get(path)
        #expect(answer.field("x-frame-options") == "DENY")
        let policy = try #require(answer.field("content-security-policy"))
        #expect(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"))
        #expect(answer.field("referrer-policy") == "no-referrer")
        #expect(answer.field("cache-control") == "no-store")
        #expect(!answer.text.contains(" style=") && !answer.text.contains("{{"))
      }
    }
    try await PortalRig.run(server: {
      $0.pageFrameAncestors = ["https://app.example.com", "https://b.example:8443"]
    }) { portal in
      let client = portal.client()
      let entered = try await client.signIn(portal.key.token)
      let cookie = try #require(entered.field("set-cookie"))
      #expect(cookie.hasSuffix("; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"))
      for path in paths {
        let answer = try await client.get(path)
        #expect(answer.field("x-frame-options") == nil)
        let policy = try #require(answer.field("content-security-policy"))
        #expect(
          policy.contains("frame-ancestors https://app.example.com https://b.example:8443;"))
      }
      let path = "/\(portal.key.id)/revoke"
      #expect(try await client.send("POST", path, []).status == 403)
      // The admin page stays out of every frame.
      let admin = PageClient(portal.rig)
      let signIn = try await admin.signIn(portal.rig.admin)
      #expect(signIn.field("set-cookie")?.hasSuffix("SameSite=Strict") == true)
      let page = try await admin.get("/")
      #expect(page.field("x-frame-options") == "DENY")
      #expect(page.field("content-security-policy")?.contains("frame-ancestors 'none'") == true)
    }
  }

  @Test func whateverIsShownIsEscaped() async throws {
    let hostile = #"<>"'&<b>{{name}}"#
    try await PortalRig.run(server: { $0.pageName = hostile }) { portal in
      let key = try await portal.rig.key(hostile) {
        $0.owner = OwnerReference(name: "ann")
        $0.description = hostile
        $0.scopes = ["<b>"]
      }
      let client = portal.client()
      try await client.signIn(key.token)
      for path in ["/", "/\(key.id)", "/\(key.id)/revoke", "/\(key.id)/rotate", "/new"] {
        let text = try await client.get(path).text
        #expect(!text.contains("<b>"), "\(path)")
        #expect(text.contains("&lt;&gt;&quot;&#39;&amp;&lt;b&gt;{{name}}"), "\(path)")
      }
    }
  }

  @Test func itHasTheHostsNameAndColour() async throws {
    try await PortalRig.run(server: {
      $0.pageName = "Shop"
      $0.pageColour = PageColour("#ffdd00")
    }) { portal in
      let text = try await portal.client().get("/sign-in").text
      #expect(text.contains("<title>Sign in · Shop</title>"))
      let path = try #require(text.firstMatch(of: /"\/keys(\/files\/colours-[\w-]+\.css)"/)?.1)
      let sheet = try await portal.client().get(String(path))
      #expect(sheet.field("content-type") == "text/css; charset=utf-8")
      #expect(sheet.text.contains("--accent: #ffdd00; --on-accent: #000000;"))
      let admin = try await PageClient(portal.rig).get("/sign-in").text
      #expect(!admin.contains("colours-") && admin.contains("· Cardea</title>"))
    }
  }

  @Test func itCanBeTurnedOff() async throws {
    try await PortalRig.run(server: { $0.pageOwners = false }) { portal in
      let answer = try await portal.client().get("/")
      #expect(answer.status == 404)
      #expect(try await portal.link().status == 404)
      #expect(try await PageClient(portal.rig).get("/sign-in").status == 200)
    }
    try await PortalRig.run(server: { $0.pageEnabled = false }) { portal in
      let answer = try await portal.client().signIn(portal.key.token)
      #expect(answer.status == 303)
      #expect(try await PageClient(portal.rig).get("/sign-in").status == 404)
    }
  }
}
