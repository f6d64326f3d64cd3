import Cardea
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaServer

/// What a plugin adds to the page: text, never markup, and changes by whoever is signed in.
@Suite("page plugins")
struct PagePluginTests {
  private static let hostile = "<script>alert(1)</script>\"'&<b>"
  private static let escaped = "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;&lt;b&gt;"

  /// Has one of everything, and markup wherever there is a text.
  private struct Hostile: PagePlugin {
    let id = "page.hostile"
    let columns = [
      PageColumn(hostile) { _ in .text(hostile) }, PageColumn("code") { _ in .code(hostile) },
      PageColumn("badge") { _ in .badge(hostile, .warning) },
      PageColumn("used") { $0.lastUsedAt.map { .time($0) } ?? .none },
    ]
    let filters = [
      PageFilter("team", label: hostile, choices: [.init("red", label: hostile)]) {
        $0.metadata["team"] == .string($1)
      }
    ]
    let actions = [
      PageAction("describe", title: hostile, effect: hostile) { key in
        if key.name == "left" { return nil }
        var edit = KeyEdit()
        edit.description = "by a plugin"
        edit.scopes = key.name == "beyond" ? ["orders:write"] : nil
        return .update(edit)
      },
      PageAction("end", title: "End", effect: "They end.") { _ in .revoke },
    ]
    let panels = [
      PagePanel(
        hostile, .key { _ in PageContent(hostile, rows: [.init(hostile, .text(hostile))]) }),
      PagePanel(
        "Counted",
        .overview { PageContent(figures: [.init(hostile, Int64($0.count)), .init("no", 0)]) }),
    ]
  }

  private func served(
    _ test: @Sendable @escaping (ServerRig, PageClient) async throws -> Void
  ) async throws {
    try await ServerRig.signedIn(plugins: [Hostile()], test)
  }

  @Test func whatItShowsIsText() async throws {
    try await served { rig, client in
      let key = try await rig.key()
      for path in ["/", "/keys", "/keys/\(key.id)"] {
        let text = try await client.get(path).text
        #expect(text.contains(PagePluginTests.escaped), "\(path)")
        #expect(!text.contains("<script>alert") && !text.contains("<b>"), "\(path)")
      }
      let list = try await client.get("/keys").text
      #expect(list.contains("<th scope=\"col\">\(PagePluginTests.escaped)</th>"))
      #expect(
        list.contains("<span class=\"badge suspended\"><bdi>\(PagePluginTests.escaped)</bdi>"))
      #expect(list.contains("<code class=\"wrap\"><bdi>\(PagePluginTests.escaped)</bdi>"))
      let overview = try await client.get("/").text
      #expect(
        overview.contains("</th><td>2</td>") && overview.contains("width=\"100\" height=\"8\""))
      #expect(overview.contains("<th scope=\"row\">no</th><td>0</td>"))
      // Whoever may not see keys is told nothing of them by a plugin either.
      let auditor = try await rig.visitor("cardea:audit:read")
      #expect(try await !auditor.get("/").text.contains("Counted"))
    }
  }

  @Test func itsFilterNarrowsTheListAcrossPages() async throws {
    try await served { rig, client in
      for number in 0..<120 {
        _ = try await rig.key("Number \(number)") {
          $0.metadata = ["team": .string(number % 40 == 0 ? "red" : "blue")]
        }
      }
      func names(_ path: String) async throws -> [String] {
        try await client.get(path).text.matches(of: /<bdi>(Number \d+)<\/bdi>/).map { String($0.1) }
      }
      let query = "page.hostile.team=red"
      #expect(try await names("/keys?\(query)") == ["Number 80", "Number 40", "Number 0"])
      #expect(try await names("/keys?\(query)&query=number+4") == ["Number 40"])
      #expect(try await client.get("/keys?\(query)").text.contains("value=\"red\" selected"))
      let next = try await client.get("/keys?\(query)&limit=1").text
      #expect(next.contains("rel=\"next\" href=\"/admin/keys?\(query)&amp;limit=1&amp;cursor="))
      let bad = try await client.get("/keys?page.hostile.team=green")
      #expect(bad.status == 400)
      #expect(try await client.get("/keys?page.other.team=red").status == 400)
    }
  }

  @Test func itsActionIsConfirmedAndMadeByTheKeyThatIsSignedIn() async throws {
    try await served { rig, client in
      let keys = [try await rig.key("one"), try await rig.key("left")]
      let form = try await client.hidden("/keys", "/keys/bulk")
      let ticked = form + [("action", "page.hostile.describe")] + keys.map { ("id", $0.id) }
      let asked = try await client.send("POST", "/keys/bulk", ticked)
      #expect(asked.status == 200)
      #expect(asked.text.contains(PagePluginTests.escaped) && !asked.text.contains("<script>alert"))
      #expect(asked.text.contains("It leaves 1 key as before."))
      func stored(_ id: String) async throws -> KeyRecord {
        try await rig.kernel.key(try #require(UUID(uuidString: id))).key
      }
      #expect(try await stored(keys[0].id).description.isEmpty)
      let done = try await client.send("POST", "/keys/bulk", ticked + [("confirmed", "yes")])
      #expect(done.location == "/admin/keys")
      #expect(try await client.get("/keys").text.contains("1 key changed."))
      #expect(try await stored(keys[0].id).description == "by a plugin")
      #expect(try await stored(keys[1].id).description.isEmpty)
      let entry = try #require(
        try await rig.kernel.store.log(after: 0, limit: 100).last { $0.signal == "key_updated" })
      let prefix = rig.admin.prefix { $0 != ":" }
      #expect(String(decoding: entry.payload ?? [], as: UTF8.self).contains("\"key:\(prefix)\""))
      let none = try await client.send(
        "POST", "/keys/bulk", form + [("action", "page.hostile.describe"), ("id", keys[1].id)])
      #expect(none.status == 409)
    }
  }

  /// An action gives nobody more than they have.
  @Test func itsActionDoesNotGoBeyondTheKeyThatIsSignedIn() async throws {
    try await served { rig, client in
      let target = try await rig.key("beyond") { $0.scopes = ["orders:read"] }
      let writer = try await rig.visitor("cardea:keys:read", "cardea:keys:write", "orders:read")
      let form = try await writer.hidden("/keys", "/keys/bulk")
      let confirmed = [
        ("action", "page.hostile.describe"), ("id", target.id), ("confirmed", "yes"),
      ]
      let refused = try await writer.send("POST", "/keys/bulk", form + confirmed)
      #expect(refused.heading == "0 keys changed.")
      #expect(refused.text.contains("Not done for 1"))
      let id = try #require(UUID(uuidString: target.id))
      #expect(try await rig.kernel.key(id).key.scopes.names == ["orders:read"])
      let reader = try await rig.visitor("cardea:keys:read")
      let own = try await reader.hidden("/", "/sign-out")
      #expect(try await reader.send("POST", "/keys/bulk", own + confirmed).status == 403)
      #expect(try await !reader.get("/keys").text.contains("page.hostile.describe"))
      // Without the page's own token it is nobody's wish.
      #expect(try await client.send("POST", "/keys/bulk", confirmed).status == 403)
      #expect(try await rig.kernel.key(id).key.description.isEmpty)
    }
  }

  @Test func whatIsFinalLooksSo() async throws {
    try await served { rig, client in
      let key = try await rig.key()
      let form = try await client.hidden("/keys", "/keys/bulk")
      let asked = try await client.send(
        "POST", "/keys/bulk", form + [("action", "page.hostile.end"), ("id", key.id)])
      #expect(asked.heading == "End: 1 key?")
      #expect(asked.text.contains("class=\"danger solid\""))
    }
  }
}
