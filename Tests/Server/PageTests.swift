import Cardea
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaServer

/// The page's sessions, what guards its forms, and every flow, as a browser without JavaScript goes through them.
@Suite("/admin/")
struct PageTests {
  private func signedIn(
    plugins: [any Plugin] = [], server: (inout ServerConfiguration) -> Void = { _ in },
    _ test: @Sendable @escaping (ServerRig, PageClient) async throws -> Void
  ) async throws {
    try await ServerRig.run(plugins: plugins, server: server) { rig in
      let client = PageClient(rig)
      let answer = try await client.signIn(rig.admin)
      #expect(answer.status == 303)
      #expect(answer.location == "/admin/sign-in?in=1")
      try await test(rig, client)
    }
  }

  // MARK: sessions

  @Test func aTokenIsExchangedForACookieThatIsKeptClose() async throws {
    try await ServerRig.run { rig in
      let client = PageClient(rig)
      for path in ["/", "/keys", "/keys/new", "/owners", "/audit", "/audit/export"] {
        let stranger = try await client.get(path)
        #expect(stranger.status == 303)
        #expect(stranger.location == "/admin/sign-in")
      }
      let answer = try await client.signIn(rig.admin)
      let cookie = try #require(answer.field("set-cookie"))
      #expect(cookie.hasPrefix("__Host-cardea="))
      for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
        #expect(cookie.contains("; \(attribute)"))
      }
      #expect(!cookie.contains("Domain"))
      #expect(try #require(client.cookie).utf8.count == 43)
      #expect(try await client.get("/").heading == "Overview")
      #expect(try await client.get("").location == "/admin/")
    }
  }

  /// Browsers keep no `Secure` cookie that came without TLS from another machine.
  @Test func whoseBrowserKeepsNoSessionIsToldWhy() async throws {
    try await ServerRig.run { rig in
      let client = PageClient(rig)
      let arrival = "/sign-in?in=1"
      #expect(try await client.signIn(rig.admin).location == "/admin\(arrival)")
      #expect(try await client.get(arrival).location == "/admin/")
      let kept = client.cookie
      for cookie in [nil, "of-no-session"] {
        client.cookie = cookie
        let answer = try await client.get(arrival)
        #expect(answer.status == 200)
        #expect(answer.text.contains("Your browser did not keep the session. It needs https"))
      }
      client.cookie = kept
      #expect(try await client.get("/").status == 200)
    }
  }

  @Test func theAddressAloneLeadsHere() async throws {
    try await ServerRig.run { rig in
      let answer = try await rig.client.request("GET", "/")
      #expect(answer.field("location") == "/admin/")
    }
    try await ServerRig.run(server: { $0.pageEnabled = false }) { rig in
      let answer = try await rig.client.request("GET", "/")
      #expect(answer.status == 404)
    }
  }

  @Test func aWrongTokenIsRefusedRecordedAndNotRepeated() async throws {
    try await ServerRig.run { rig in
      let client = PageClient(rig)
      let suspended = try await rig.key { $0.scopes = [ScopeSet.admin] }
      let id = try #require(UUID(uuidString: suspended.id))
      _ = try await rig.kernel.suspendKey(id, by: .host)
      var texts: Set<String> = []
      for token in ["", "nonsense", rig.admin + "x", suspended.token, "<script>alert(1)</script>"] {
        let answer = try await client.signIn(token)
        #expect(answer.status == 401)
        #expect(answer.field("www-authenticate") != nil)
        #expect(client.cookie == nil)
        if !token.isEmpty { #expect(!answer.text.contains(token)) }
        texts.insert(answer.text)
      }
      #expect(texts.count == 1)
      // Each is an attempt of its own, under its true reason.
      let reasons = await rig.denials()
      #expect(reasons.count == 5)
      #expect(reasons.dropFirst() == [.malformed, .malformed, .suspended, .malformed])
      let weak = try await rig.key { $0.scopes = ["orders:read"] }
      #expect(try await client.signIn(weak.token).status == 403)
      #expect(client.cookie == nil)
    }
  }

  @Test func aSessionTokenDoesNotSignIn() async throws {
    try await ServerRig.run { rig in
      let made = try await rig.client.json("POST", "/v1/sessions", token: rig.admin)
      let client = PageClient(rig)
      #expect(try await client.signIn(try #require(made.string("token"))).status == 401)
      #expect(client.cookie == nil)
    }
  }

  @Test func aSessionDiesWithItsKey() async throws {
    typealias Blow = @Sendable (AuthKernel, UUID) async throws -> Void
    let blows: [Blow] = [
      { _ = try await $0.revokeKey($1, by: .host) },
      { _ = try await $0.suspendKey($1, by: .host) },
      { _ = try await $0.rotateToken($1, by: .host) },
      { kernel, id in
        var edit = KeyEdit()
        edit.scopes = ["orders:read"]
        _ = try await kernel.updateKey(id, edit, by: .host)
      },
      { kernel, id in
        let owner = try #require(try await kernel.key(id).owner)
        _ = try await kernel.disableOwner(owner.id, by: .host)
      },
    ]
    try await ServerRig.run { rig in
      for (index, blow) in blows.enumerated() {
        let key = try await rig.key {
          $0.scopes = ["cardea:keys:read"]
          $0.owner = OwnerReference(name: "o\(index)")
        }
        let client = PageClient(rig)
        try await client.signIn(key.token)
        #expect(try await client.get("/keys").status == 200)
        try await blow(rig.kernel, try #require(UUID(uuidString: key.id)))
        let after = try await client.get("/keys")
        #expect(after.location == "/admin/sign-in?ended=1", "\(index)")
        #expect(client.cookie == nil)
      }
    }
  }

  /// A log-out on the page is in the access log, as one of a session token is.
  @Test func signingOutIsRecorded() async throws {
    let sink = QueueAuditSink(node: "page")
    try await signedIn(plugins: [sink]) { rig, client in
      let form = try await client.hidden("/", "/sign-out")
      #expect(try await client.send("POST", "/sign-out", form).status == 303)
      let records = sink.records(after: 0, details: .max, limit: .max).map(\.draft)
      let out = records.filter { $0.action == UserLoggedOut.name }
      #expect(
        out.count == 1
          && out.first?.prefix == rig.admin.split(separator: ":").first.map(String.init))
    }
  }

  @Test func aSessionEndsUnusedAndEndsAltogether() async throws {
    try await signedIn { rig, client in
      rig.clock.advance(by: 1_700)
      #expect(try await client.get("/").status == 200)
      rig.clock.advance(by: 1_700)
      #expect(try await client.get("/").status == 200)
      rig.clock.advance(by: 1_800)
      #expect(try await client.get("/").status == 303)
      try await client.signIn(rig.admin)
      for _ in 0..<24 {
        rig.clock.advance(by: 1_790)
        #expect(try await client.get("/").status == 200)
      }
      rig.clock.advance(by: 300)
      #expect(try await client.get("/").status == 303)
    }
  }

  @Test func signingOutEndsTheSessionAndIsPublished() async throws {
    try await signedIn { rig, client in
      let signals = Locked<[UserLoggedOut]>([])
      rig.kernel.signals.subscribe(
        UserLoggedOut.self, id: "test.out", .queue(bound: 10, overflow: .dropNewest)
      ) { signal in signals.withLock { $0.append(signal) } }
      let cookie = try #require(client.cookie)
      let form = try await client.hidden("/", "/sign-out")
      #expect(try await client.send("POST", "/sign-out", form).location == "/admin/sign-in?out=1")
      #expect(client.cookie == nil)
      client.cookie = cookie
      #expect(try await client.get("/").status == 303)
      await rig.kernel.drain()
      let signal = try #require(signals.withLock { $0.first })
      #expect(signals.withLock { $0.count } == 1)
      #expect(signal.event.prefix == rig.admin.split(separator: ":").first.map(String.init))
      #expect(signal.event.session != nil)
    }
  }

  @Test func oneKeyCanNotDriveOutTheOthersSessions() async throws {
    try await signedIn { rig, client in
      let reader = try await rig.key { $0.scopes = ["cardea:keys:read"] }
      let first = PageClient(rig)
      try await first.signIn(reader.token)
      for _ in 0..<PageSessions.mostOfOne {
        rig.clock.advance(by: 1)
        try await PageClient(rig).signIn(reader.token)
      }
      #expect(try await first.get("/").status == 303)
      #expect(try await client.get("/").status == 200)
    }
  }

  @Test func itCanBeTurnedOff() async throws {
    try await ServerRig.run(server: { $0.pageEnabled = false }) { rig in
      let answer = try await PageClient(rig).get("/")
      #expect(answer.status == 404)
      #expect(answer.string("code") == "not_found")
    }
  }

  // MARK: guards

  /// A4: forms of other pages, and names that somebody else's DNS points here.
  @Test func formsOfOthersAreRefused() async throws {
    try await signedIn { rig, client in
      let key = try await rig.key()
      let path = "/keys/\(key.id)/revoke"
      let good = try await client.hidden(path, path)
      #expect(good.map(\.0) == ["form_token"])
      let host = "127.0.0.1:\(rig.client.port)"
      let origins: [[(String, String)]] = [
        [], [("Sec-Fetch-Site", "cross-site")], [("Sec-Fetch-Site", "same-site")],
        [("Sec-Fetch-Site", "none")], [("Sec-Fetch-Site", "")],
        [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "same-origin")],
        [("Sec-Fetch-Site", "cross-site"), ("Origin", "http://\(host)")],
        [("Origin", "null")], [("Origin", "https://evil.example")],
        [("Origin", "http://127.0.0.1")],
        [("Origin", "http://\(host).evil.example")], [("Origin", "http://\(host)/")],
        [("Referer", "http://\(host)/admin/")],
      ]
      for headers in origins {
        #expect(try await client.send("POST", path, good, headers: headers).status == 403)
        let signIn = try await client.send(
          "POST", "/sign-in", [("token", rig.admin)], headers: headers)
        #expect(signIn.status == 403)
      }
      let other = PageClient(rig)
      try await other.signIn(rig.admin)
      let foreign = try await other.hidden(path, path)
      for form in [[], [("form_token", "")], [("form_token", "x")], foreign] {
        #expect(try await client.send("POST", path, form).status == 403)
      }
      for type in ["text/plain", "application/json", "multipart/form-data; boundary=x"] {
        // Everything else about it is as it should be.
        let answer = try await client.send("POST", path, good, type: type)
        #expect(answer.status == 400, "\(type)")
        #expect(answer.heading == "This is no form")
      }
      // By GET nothing happens, whatever it carries.
      let query = good.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
      _ = try await client.get("\(path)?\(query)")
      #expect(try await rig.auth(key.token) == 200)
      #expect(
        try await client.send("POST", path, good, headers: [("Origin", "http://\(host)")]).status
          == 303)
      #expect(try await rig.auth(key.token) == 401)
    }
  }

  @Test func itAnswersUnderItsOwnNamesOnly() async throws {
    try await ServerRig.run(server: { $0.pageHosts = ["keys.example.com"] }) { rig in
      for host in [
        "127.0.0.1", "localhost:8420", "[::1]:8420", "[::1]", "KEYS.example.com",
        "keys.example.com:8443",
      ] {
        let client = PageClient(rig, host: host)
        let page = try await client.get("/sign-in")
        #expect(page.status == 200, "\(host)")
        #expect(try await client.signIn(rig.admin).status == 303)
      }
      for host in [
        "evil.example", "keys.example.com.evil.example", "xkeys.example.com",
        "127.0.0.1.evil.example", "2130706433",
      ] {
        let client = PageClient(rig, host: host)
        let page = try await client.get("/sign-in")
        #expect(page.status == 421, "\(host)")
        #expect(try await client.signIn(rig.admin).status == 421)
        #expect(client.cookie == nil)
      }
    }
  }

  @Test func everyAnswerIsSealed() async throws {
    try await signedIn { rig, client in
      let pages = [
        "/", "/keys", "/keys/new", "/owners", "/audit", "/sign-in", "/nothing", "/keys/bulk",
      ]
      for path in pages {
        let answer = try await client.get(path)
        let policy = try #require(answer.field("content-security-policy"), "\(path)")
        #expect(policy.contains("default-src 'none'"))
        #expect(policy.contains("frame-ancestors 'none'"))
        #expect(!policy.contains("unsafe"))
        #expect(answer.field("x-frame-options") == "DENY")
        #expect(answer.field("referrer-policy") == "no-referrer")
        #expect(answer.field("cache-control") == "no-store")
        #expect(answer.field("x-content-type-options") == "nosniff")
        #expect(answer.field("content-type") == "text/html; charset=utf-8")
        #expect(!answer.text.contains(" style=") && !answer.text.contains(" on" + "click="))
        #expect(!answer.text.contains("{{"))
      }
      #expect(try await client.get("/nothing").status == 404)
      #expect(try await client.get("/keys/bulk").field("allow") == "POST")
    }
  }

  @Test func filesAreKeptForEverUnderTheHashOfWhatTheyHold() async throws {
    try await ServerRig.run { rig in
      let text = try await PageClient(rig).get("/sign-in").text
      let paths = Set(text.matches(of: /\/admin(\/files\/[\w.-]+)/).map { String($0.1) })
      #expect(paths.count == 3)
      for path in paths {
        let answer = try await PageClient(rig, host: "evil.example").get(path)
        #expect(answer.status == 200)
        #expect(answer.field("cache-control") == "public, max-age=31536000, immutable")
        #expect(answer.field("x-content-type-options") == "nosniff")
      }
    }
  }

  /// A5, on the server's side: nothing that anybody may write ends an attribute or begins a tag.
  @Test func whateverIsShownIsEscaped() async throws {
    let marks = ["<", ">", "\"", "'", "&"]
    // A combining mark makes another character of each, in Swift's eyes; not in a browser's.
    let hostile = marks.joined() + marks.map { "\($0)\u{301}" }.joined() + "<b>"
    try await signedIn { rig, client in
      let key = try await rig.key(hostile) {
        $0.description = hostile
        $0.metadata = [hostile: .string(hostile)]
      }
      let pages = [
        "/keys", "/keys/\(key.id)", "/keys/\(key.id)/edit", "/keys/\(key.id)/revoke",
        "/keys/\(key.id)/rotate", "/",
      ]
      for path in pages {
        // Byte by byte, as a browser reads it.
        let page = Data(try await client.get(path).body)
        func holds(_ text: String) -> Bool { page.range(of: Data(text.utf8)) != nil }
        #expect(
          holds(
            "&lt;&gt;&quot;&#39;&amp;&lt;\u{301}&gt;\u{301}&quot;\u{301}&#39;\u{301}&amp;\u{301}&lt;b&gt;"
          ),
          "\(path)")
        for mark in marks.dropLast() { #expect(!holds("\(mark)\u{301}"), "\(path)") }
        #expect(!holds("<b>"), "\(path)")
      }
    }
  }

  // MARK: flows

  @Test func aTokenIsShownOnceAndInNoPageToCome() async throws {
    try await signedIn { rig, client in
      let form = try await client.hidden("/keys/new", "/keys/new")
      let fields =
        form + [
          ("name", "Shop"), ("description", "Sells"), ("scopes", "orders:read\r\norders:write"),
          ("owner", "acme"), ("owner_kind", "organization"), ("expires", "30d"),
          ("class", "internal"),
          ("kind", "system"), ("metadata", #"{"team": "billing"}"#),
        ]
      let made = try await client.send("POST", "/keys/new", fields)
      #expect(made.status == 200)
      #expect(made.field("cache-control") == "no-store")
      let token = try #require(made.element("token"))
      #expect(try await rig.auth(token) == 200)
      let stored = try #require(
        try await rig.kernel.keys(KeyQuery(now: rig.clock.now())).items.first)
      #expect(stored.key.name == "Shop")
      #expect(stored.key.description == "Sells")
      #expect(stored.key.scopes.names == ["orders:read", "orders:write"])
      #expect(stored.key.kind == .system)
      #expect(stored.key.keyClass == "internal")
      #expect(stored.key.metadata == ["team": .string("billing")])
      #expect(stored.owner?.kind == .organization)
      #expect(stored.key.createdBy.hasPrefix("key:"))
      let again = try await client.send("POST", "/keys/new", fields)
      #expect(again.status == 409)
      #expect(!again.text.contains(token))
      #expect(try await rig.keyCount() == 2)
      let path = "/keys/\(stored.key.id.uuidString.lowercased())"
      for page in ["/keys", path, "\(path)/edit", "\(path)/rotate", "/"] {
        #expect(try await !client.get(page).text.contains(token))
      }
    }
  }

  @Test func aFaultyFormIsShownAgainWithWhatWasTyped() async throws {
    try await signedIn { rig, client in
      let faults: [(String, String, String)] = [
        ("expires", "soon", "expires"), ("metadata", "[1]", "metadata"),
        ("metadata", "{", "metadata"),
        ("scopes", "\u{E4}", "scopes"), ("owner", "a b", "owner"), ("kind", "other", "kind"),
        ("class", "a b", "class"), ("name", " ", "name"),
      ]
      for (name, value, field) in faults {
        let fields = [("name", "Named"), ("description", "kept")].filter { $0.0 != name }
        let answer = try await client.submit("/keys/new", fields + [(name, value)])
        #expect(answer.status == 400, "\(name)")
        #expect(answer.text.contains("href=\"#\(field)\""), "\(name)")
        #expect(answer.text.contains("kept"), "\(name)")
        #expect(answer.text.contains("<title>Error: "))
      }
      #expect(try await rig.keyCount() == 1)
    }
  }

  @Test func aKeyIsRotatedSuspendedRevokedAndPurged() async throws {
    try await signedIn { rig, client in
      let key = try await rig.key("Worker") { $0.scopes = ["a:b"] }
      let path = "/keys/\(key.id)"
      let rotated = try await client.submit("\(path)/rotate", [("overlap", "1h")])
      let second = try #require(rotated.element("token"))
      #expect(try await rig.auth(key.token) == 200)
      #expect(try await rig.auth(second) == 200)
      #expect(try await client.get(path).text.contains("data-countdown"))
      let open = try await client.submit("\(path)/rotate", [("overlap", "1h")])
      #expect(open.status == 409)
      #expect(open.text.contains("a rotation is open until"))
      #expect(try await client.submit("\(path)/cancel-rotation").location == "/admin\(path)")
      #expect(try await rig.auth(second) == 401)
      let third = try #require(
        try await client.submit("\(path)/rotate", [("overlap", "1h")]).element("token"))
      _ = try await client.submit("\(path)/complete-rotation")
      #expect(try await rig.auth(key.token) == 401)
      // Nothing is open any more, and the page says so before anybody confirms.
      #expect(try await client.get("\(path)/complete-rotation").status == 409)
      _ = try await client.submit("\(path)/suspend")
      #expect(try await rig.auth(third) == 401)
      let notice = try await client.get(path).text
      #expect(notice.contains("The key is suspended."))
      #expect(try await !client.get(path).text.contains("The key is suspended."))
      _ = try await client.submit("\(path)/reactivate")
      #expect(try await rig.auth(third) == 200)
      #expect(try await client.get("\(path)/revoke").text.contains("for ever"))
      #expect(try await rig.auth(third) == 200)
      _ = try await client.submit("\(path)/revoke")
      #expect(try await rig.auth(third) == 401)
      _ = try await client.submit("\(path)/purge")
      #expect(try await client.get(path).heading == "(erased)")
      #expect(try await client.get("/keys/\(UUID().uuidString.lowercased())").status == 404)
    }
  }

  @Test func anEditDoesNotWriteOverWhatItHasNotSeen() async throws {
    try await signedIn { rig, client in
      let key = try await rig.key("Before") { $0.scopes = ["a:b"] }
      let path = "/keys/\(key.id)/edit"
      let seen = try await client.hidden(path, path)
      func fields(_ name: String) -> [(String, String)] {
        [
          ("name", name), ("description", ""), ("scopes", "a:b"), ("class", "default"),
          ("metadata", ""),
        ]
      }
      #expect(try await client.submit(path, fields("One")).status == 303)
      let late = try await client.send("POST", path, seen + fields("Two"))
      #expect(late.status == 409)
      #expect(late.text.contains("value=\"Two\""))
      let id = try #require(UUID(uuidString: key.id))
      #expect(try await rig.kernel.key(id).key.name == "One")
    }
  }

  @Test func tickedKeysAreConfirmedAndDoneTogether() async throws {
    try await signedIn { rig, client in
      var keys: [(id: String, token: String)] = []
      for number in 0..<3 { keys.append(try await rig.key("k\(number)")) }
      let form = try await client.hidden("/keys", "/keys/bulk")
      let ticked = [("action", "revoke"), ("id", keys[0].id), ("id", keys[1].id)]
      let asked = try await client.send("POST", "/keys/bulk", form + ticked)
      #expect(asked.heading == "Revoke 2 keys?")
      #expect(try await rig.auth(keys[0].token) == 200)
      let done = try await client.send("POST", "/keys/bulk", form + ticked + [("confirmed", "yes")])
      #expect(done.location == "/admin/keys")
      #expect(try await client.get("/keys").text.contains("2 keys revoked."))
      #expect(try await rig.auth(keys[0].token) == 401)
      #expect(try await rig.auth(keys[1].token) == 401)
      #expect(try await rig.auth(keys[2].token) == 200)
      let suspend = [
        ("action", "suspend"), ("id", keys[0].id), ("id", keys[2].id), ("confirmed", "yes"),
      ]
      let partly = try await client.send("POST", "/keys/bulk", form + suspend)
      #expect(partly.heading == "1 key suspended.")
      #expect(partly.text.contains("the key is revoked"))
      #expect(
        try await client.send("POST", "/keys/bulk", form + [("action", "revoke")]).status == 400)
      #expect(
        try await client.send("POST", "/keys/bulk", form + [("action", "x"), ("id", keys[0].id)])
          .status == 400)
    }
  }

  @Test func keysAreFilteredAndPaged() async throws {
    try await signedIn { rig, client in
      for number in 0..<60 {
        _ = try await rig.key("Number \(number)") {
          $0.owner = OwnerReference(name: number % 2 == 0 ? "even" : "odd")
          $0.scopes = ["n:\(number)"]
          $0.metadata = ["team": .string(number < 5 ? "few" : "many")]
        }
      }
      func names(_ path: String) async throws -> [String] {
        try await client.get(path).text.matches(of: /<bdi>(Number \d+)<\/bdi>/).map { String($0.1) }
      }
      let first = try await client.get("/keys?query=number")
      #expect(first.text.components(separatedBy: "type=\"checkbox\"").count == 51)
      let next = try #require(first.text.firstMatch(of: /rel="next" href="\/admin([^"]+)"/)?.1)
      let path = String(next).replacingOccurrences(of: "&amp;", with: "&")
      #expect(path.contains("query=number"))
      #expect(try await names(path).count == 10)
      #expect(
        try await names("/keys?owner=even&query=&state=&scope=&owner_kind=user&limit=100").count
          == 30)
      #expect(try await names("/keys?scope=n:7") == ["Number 7"])
      #expect(try await names("/keys?query=number+7") == ["Number 7"])
      #expect(try await names("/keys?metadata.team=few").count == 5)
      #expect(try await names("/keys?state=revoked").isEmpty)
      #expect(try await names("/keys?owner=nobody").isEmpty)
      let faulty = try await client.get("/keys?state=none")
      #expect(faulty.status == 400)
      #expect(faulty.text.contains("href=\"#state\""))
    }
  }

  @Test func keysAreSorted() async throws {
    try await signedIn { rig, client in
      for (name, days) in [("beta", 2), ("alpha", 3), ("gamma", 1)] {
        _ = try await rig.key(name) {
          $0.expiry = .after(.seconds(days * 86_400))
          $0.keyClass = "sorted"
        }
      }
      let plain = try await client.get("/keys?class=sorted&limit=2")
      #expect(plain.text.contains("Keys, newest first"))
      #expect(!plain.text.contains("aria-sort"))
      func names(_ answer: HTTPAnswer) -> [String] {
        answer.text.matches(of: /<bdi>(alpha|beta|gamma)<\/bdi>/).map { String($0.1) }
      }
      func link(_ answer: HTTPAnswer, _ pattern: Regex<(Substring, Substring)>) throws -> String {
        try #require(answer.text.firstMatch(of: pattern)).1
          .replacingOccurrences(of: "&amp;", with: "&")
      }
      let head = /href="\/admin([^"]+)">Key<\/a><\/th>/
      let byName = try await client.get(try link(plain, head))
      #expect(names(byName) == ["alpha", "beta"])
      #expect(byName.text.contains("aria-sort=\"ascending\""))
      #expect(byName.text.contains("<option value=\"name\" selected>"))
      #expect(
        names(try await client.get(try link(byName, /rel="next" href="\/admin([^"]+)"/))) == [
          "gamma"
        ])
      let backwards = try await client.get(try link(byName, head))
      #expect(names(backwards) == ["gamma", "beta"])
      #expect(backwards.text.contains("aria-sort=\"descending\""))
      let byExpiry = try await client.get(
        try link(plain, /href="\/admin([^"]+)">Expires<\/a><\/th>/))
      #expect(names(byExpiry) == ["gamma", "beta"])
      // As the select of the form says it.
      let chosen = try await client.get("/keys?class=sorted&sort=-expires")
      #expect(names(chosen) == ["alpha", "beta", "gamma"])
      #expect(!(try await client.get("/keys?sort=name")).text.contains(">Clear</a>"))
      let cursor = try #require(
        try link(byName, /rel="next" href="\/admin([^"]+)"/).split(separator: "cursor=").last)
      let refused = try await client.get("/keys?sort=expires&cursor=\(cursor)")
      #expect(refused.status == 400)
      #expect(refused.text.contains("sorted by name"))
    }
  }

  @Test func tickedKeysArePurgedTogether() async throws {
    try await signedIn { rig, client in
      var keys: [(id: String, token: String)] = []
      for number in 0..<4 { keys.append(try await rig.key("secretname\(number)")) }
      let ids = try keys.map { try #require(UUID(uuidString: $0.id)) }
      _ = try await rig.kernel.purgeKey(ids[0], by: .host)
      _ = try await rig.kernel.revokeKey(ids[1], by: .host)
      _ = try await rig.kernel.suspendKey(ids[2], by: .host)
      #expect(try await client.get("/keys").text.contains("value=\"purge\">Purge…<"))
      let form = try await client.hidden("/keys", "/keys/bulk") + [("action", "purge")]
      let ticked = form + keys.prefix(3).map { ("id", $0.id) }
      let asked = try await client.send("POST", "/keys/bulk", ticked)
      #expect(asked.heading == "Purge 2 keys?")
      #expect(asked.text.contains("None of it can be brought back."))
      #expect(asked.text.contains("It leaves 1 key as before."))
      #expect(asked.text.contains("class=\"danger solid\""))
      #expect(try await rig.kernel.key(ids[2]).key.status == .suspended)
      let done = try await client.send("POST", "/keys/bulk", ticked + [("confirmed", "yes")])
      #expect(done.location == "/admin/keys")
      let list = try await client.get("/keys").text
      #expect(list.contains("2 keys purged. Left as before: 1 key."))
      #expect(list.contains("secretname3"))
      for number in 0..<3 {
        #expect(try await rig.kernel.key(ids[number]).key.status == .purged)
        #expect(!list.contains("secretname\(number)"))
      }
      #expect(try await rig.auth(keys[3].token) == 200)
      // There is nothing to do a second time, nor anything that goes beyond the key that is signed in.
      #expect(try await client.send("POST", "/keys/bulk", ticked).status == 409)
      let wide = try await rig.key { $0.scopes = [ScopeSet.admin] }
      let writer = try await rig.visitor("cardea:keys:read", "cardea:keys:write")
      let own = try await writer.hidden("/keys", "/keys/bulk")
      let refused = try await writer.send(
        "POST", "/keys/bulk",
        own + [("action", "purge"), ("id", wide.id), ("confirmed", "yes")])
      #expect(refused.heading == "0 keys purged.")
      #expect(try await rig.auth(wide.token) == 200)
    }
  }

  @Test func ownersAreMadeChangedAndDisabled() async throws {
    try await signedIn { rig, client in
      let made = try await client.submit(
        "/owners/new",
        [("name", "acme"), ("kind", "organization"), ("members", "ann\nbob"), ("max_keys", "3")])
      let path = String(try #require(made.location).dropFirst("/admin".count))
      #expect(try await client.get(path).heading == "acme")
      let twice = try await client.submit(
        "/owners/new", [("name", "acme"), ("kind", "organization")])
      #expect(twice.status == 409)
      let bad = try await client.submit("/owners/new", [("name", "a b")])
      #expect(bad.text.contains("href=\"#name\""))
      #expect(
        try await client.submit(
          "\(path)/edit", [("max_keys", "5"), ("members", "ann"), ("metadata", #"{"a":1}"#)]
        ).status == 303)
      let reference = OwnerReference(kind: .organization, name: "acme")
      let owner = try await rig.kernel.owner(reference)
      #expect(owner.maxKeys == 5)
      #expect(owner.members == ["ann"])
      #expect(owner.metadata == ["a": .integer(1)])
      #expect(try await client.submit("\(path)/edit", [("max_keys", "many")]).status == 400)
      let key = try await rig.key { $0.owner = reference }
      #expect(try await client.get("/owners?name=acme").text.contains("/admin\(path)"))
      _ = try await client.submit("\(path)/disable")
      #expect(try await rig.auth(key.token) == 401)
      _ = try await client.submit("\(path)/enable")
      #expect(try await rig.auth(key.token) == 200)
    }
  }

  @Test func theAuditIsFilteredAndExported() async throws {
    try await signedIn { rig, client in
      let key = try await rig.key("Watched")
      _ = try await rig.kernel.revokeKey(try #require(UUID(uuidString: key.id)), by: .host)
      let all = try await client.get("/audit?key=\(key.id)").text
      #expect(all.contains("<code>key_created</code>"))
      let filtered = try await client.get("/audit?key=\(key.id)&action=key_revoked&status=&path=")
        .text
      #expect(filtered.contains("<code>key_revoked</code>"))
      #expect(!filtered.contains("<code>key_created</code>"))
      let export = try await client.get("/audit/export?key=\(key.id)&action=")
      #expect(export.field("content-type") == "application/x-ndjson")
      #expect(export.text.contains(#""action":"key_created""#))
      #expect(export.text.contains(#""action":"key_revoked""#))
      #expect(try await client.get("/audit?status=9").status == 400)
      #expect(try await client.get("/audit?action=no_such").status == 400)
    }
  }

  @Test func theStatusOfTheChainsIsShown() async throws {
    try await signedIn { rig, client in
      let answer = try await client.get("/audit/verify")
      #expect(answer.status == 200)
      #expect(answer.heading == "Chain status")
      #expect(answer.text.contains("intact"))
      #expect(!answer.text.contains("broken"))
      #expect(answer.text.contains("not signed"))
      #expect(try await rig.kernel.verifyAudit().isIntact)
    }
  }

  @Test func theOverviewNamesSettingsAndPlugins() async throws {
    let setting = ShownSetting(name: "a.b", value: "<1>", origin: "flag --b")
    try await signedIn(server: { $0.settings = [setting] }) { rig, client in
      let text = try await client.get("/").text
      #expect(text.contains("<code>a.b</code>"))
      #expect(text.contains("&lt;1&gt; <span class=\"none\">flag --b</span>"))
      for plugin in rig.kernel.plugins { #expect(text.contains("<code>\(plugin.id)</code>")) }
      let auditor = try await rig.key { $0.scopes = ["cardea:audit:read"] }
      try await client.signIn(auditor.token)
      #expect(try await !client.get("/").text.contains("a.b"))
    }
  }

  @Test func aKeySeesAndDoesWhatItsScopesAllow() async throws {
    try await ServerRig.run { rig in
      let target = try await rig.key("Target") { $0.scopes = ["a:b"] }
      let reader = PageClient(rig)
      try await reader.signIn(try await rig.key { $0.scopes = ["cardea:keys:read"] }.token)
      #expect(try await reader.get("/keys").status == 200)
      #expect(try await !reader.get("/keys").text.contains("/admin/keys/new"))
      #expect(try await !reader.get("/keys/\(target.id)").text.contains("/revoke"))
      for path in [
        "/keys/new", "/keys/\(target.id)/revoke", "/keys/\(target.id)/edit", "/owners/new",
        "/audit", "/audit/export",
      ] {
        #expect(try await reader.get(path).status == 403, "\(path)")
      }
      let form = try await reader.hidden("/", "/sign-out")
      for path in [
        "/keys/new", "/keys/\(target.id)/revoke", "/keys/\(target.id)/rotate", "/keys/bulk",
      ] {
        #expect(try await reader.send("POST", path, form).status == 403, "\(path)")
      }
      #expect(await rig.denials().contains(.insufficientScope))
      let auditor = PageClient(rig)
      try await auditor.signIn(try await rig.key { $0.scopes = ["cardea:audit:read"] }.token)
      #expect(try await auditor.get("/audit").status == 200)
      #expect(try await auditor.get("/keys").status == 403)
      // Beyond what the acting key has itself (A1).
      let writer = PageClient(rig)
      try await writer.signIn(
        try await rig.key { $0.scopes = ["cardea:keys:read", "cardea:keys:write"] }.token)
      let beyond = try await writer.submit("/keys/new", [("name", "More"), ("scopes", "a:b")])
      #expect(beyond.status == 403)
      #expect(beyond.element("token") == nil)
    }
  }
}
