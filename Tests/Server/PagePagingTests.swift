import Cardea
import CardeaServer
import CardeaTestSupport
import Foundation
import Testing

/// The page's lists are gone through by their links alone, to the end and all the way back.
@Suite("going back through the page's lists", .timeLimit(.minutes(5)))
struct PagePagingTests {
  private func link(_ answer: HTTPAnswer, _ rel: String) -> String? {
    answer.text.components(separatedBy: "rel=\"\(rel)\" href=\"/admin").dropFirst().first?
      .components(separatedBy: "\"").first?.replacingOccurrences(of: "&amp;", with: "&")
  }

  /// What stands on one page after the other, and the path of the last.
  private func walk(
    _ client: PageClient, _ path: String, _ rel: String,
    _ items: @Sendable (String) -> [String]
  ) async throws -> (pages: [[String]], last: String) {
    var (pages, path) = ([[String]](), path)
    while true {
      let answer = try await client.get(path)
      #expect(answer.status == 200)
      pages.append(items(answer.text))
      guard let next = link(answer, rel) else { return (pages, path) }
      path = next
    }
  }

  private let keys: @Sendable (String) -> [String] = { text in
    text.matches(of: /name="id" value="([^"]+)"/).map { String($0.1) }
  }

  /// Eighteen keys: names and expiries that come several times, and a third that never expire.
  private func makeKeys(_ rig: ServerRig) async throws {
    for number in 0..<18 {
      _ = try await rig.key(["same", "SAME", "other"][number % 3]) {
        $0.keyClass = "paged"
        if number % 3 != 1 { $0.expiry = .after(.seconds(86_400 * (1 + number % 2))) }
      }
    }
  }

  @Test(arguments: KeySort.allCases) func keysInEveryOrder(_ sort: KeySort) async throws {
    try await ServerRig.signedIn { rig, client in
      rig.clock.freeze()
      try await makeKeys(rig)
      let start = "/keys?class=paged&sort=\(sort.rawValue)&limit=4"
      let (forth, last) = try await walk(client, start, "next", keys)
      #expect(forth.map(\.count) == [4, 4, 4, 4, 2])
      #expect(Set(forth.joined()).count == 18)
      let (back, first) = try await walk(client, last, "prev", keys)
      #expect(back == Array(forth.reversed()))
      #expect(try await !client.get(first).text.contains("First page"))
      // From another place on there is less than a page before: that is the first page, whole.
      let second = try #require(link(try await client.get(start), "next"))
      let before = try #require(link(try await client.get(second), "prev"))
      let longer = try await client.get(before.replacingOccurrences(of: "limit=4", with: "limit=7"))
      #expect(keys(longer.text) == Array(forth.joined().prefix(7)))
      #expect(link(longer, "prev") == nil)
      // What is made later moves no page before which, or behind which, it stands.
      let third = try #require(link(try await client.get(second), "next"))
      rig.clock.advance(by: 1)
      try await makeKeys(rig)
      let backAgain = try #require(link(try await client.get(third), "prev"))
      let shown = keys(try await client.get(backAgain).text)
      if [.newest, .oldest].contains(sort) { #expect(shown == forth[1]) }
      // In other orders new ones may stand among the old.
      #expect(shown.count == 4 && Set(shown).isDisjoint(with: forth[2]))
    }
  }

  @Test func keysThatAPluginsFilterTakes() async throws {
    try await ServerRig.signedIn(plugins: [SixthKeys()]) { rig, client in
      for number in 0..<40 {
        _ = try await rig.key("\(number)") { $0.metadata = ["number": .integer(Int64(number))] }
      }
      let start = "/keys?page.sixth.number=sixth&limit=1"
      let (forth, last) = try await walk(client, start, "next", keys)
      #expect(forth.filter { !$0.isEmpty }.count == 7)
      let (back, _) = try await walk(client, last, "prev", keys)
      #expect(back.filter { !$0.isEmpty } == Array(forth.filter { !$0.isEmpty }.reversed()))
    }
  }

  @Test func whereToGoBackFromIsAPlaceOfTheList() async throws {
    try await ServerRig.signedIn { rig, client in
      try await makeKeys(rig)
      let named = try await client.get("/keys?sort=name&limit=4")
      let next = try #require(link(named, "next"))
      let cursor = try #require(next.components(separatedBy: "cursor=").last)
      #expect(try await client.get("/keys?sort=name&before=\(cursor)").status == 200)
      for query in ["sort=expires&before=\(cursor)", "before=x", "\(next)&before=\(cursor)"] {
        let path = query.hasPrefix("/") ? query : "/keys?\(query)"
        #expect(try await client.get(path).status == 400, "\(query)")
      }
      #expect(try await client.get("/owners?before=x").status == 400)
      #expect(try await client.get("/audit?before=x").status == 400)
    }
  }

  @Test func owners() async throws {
    try await ServerRig.signedIn { rig, client in
      for number in 0..<11 {
        let kind = OwnerRecord.Kind.allCases[number % OwnerRecord.Kind.allCases.count]
        _ = try await rig.key { $0.owner = OwnerReference(kind: kind, name: "owner\(number)") }
      }
      let ids: @Sendable (String) -> [String] = { text in
        text.matches(of: /<td class="lead"><a href="\/admin\/owners\/([^"]+)"/)
          .map { String($0.1) }
      }
      let (forth, last) = try await walk(client, "/owners?limit=3", "next", ids)
      #expect(forth.map(\.count) == [3, 3, 3, 2])
      let (back, first) = try await walk(client, last, "prev", ids)
      #expect(back == Array(forth.reversed()))
      #expect(try await !client.get(first).text.contains("First page"))
    }
  }

  @Test func bothLogsOfTheAudit() async throws {
    let store = MemoryStore()
    try await ServerRig.run(store: store, recording: false) { rig in
      let client = PageClient(rig)
      try await client.signIn(rig.admin)
      rig.clock.freeze()
      // Requests and changes, some of them at one moment.
      for number in 0..<10 {
        if number % 3 == 0 { rig.clock.advance(by: 1) }
        _ = try await rig.key()
        let draft = AccessDraft(
          action: UserLoggedIn.name, at: rig.clock.now(), reason: nil, status: 200,
          prefix: "tok_request\(number)", payload: Array("{}".utf8))
        _ = try store.append(
          AccessBatch(
            node: "one", after: Int64(number), through: Int64(number) + 1, drafts: [draft],
            primitives: rig.kernel.primitives))
      }
      let prefixes: @Sendable (String) -> [String] = { text in
        text.matches(of: /data-label="Key">(?:<a [^>]*>)?<code>([^<]*)</).map { String($0.1) }
      }
      let (forth, last) = try await walk(client, "/audit?limit=4", "next", prefixes)
      #expect(forth.joined().count == 21 && Set(forth.joined()).count == 21)
      let (back, _) = try await walk(client, last, "prev", prefixes)
      #expect(back == Array(forth.reversed()))
      // What comes later is on pages of its own; at the same moment changes stand before requests.
      rig.clock.advance(by: 1)
      let second = try #require(link(try await client.get("/audit?limit=4"), "next"))
      let before = try #require(link(try await client.get(second), "prev"))
      _ = try await rig.key()
      let same = try await client.get(before)
      #expect(prefixes(same.text) == forth[0])
      #expect(link(same, "next") == second)
      let newest = try await client.get(try #require(link(same, "prev")))
      #expect(prefixes(newest.text).dropFirst().prefix(3) == forth[0].prefix(3))
    }
  }
}

/// Takes every sixth key.
private struct SixthKeys: PagePlugin {
  let id = "page.sixth"
  let filters = [
    PageFilter("number", label: "Number", choices: [.init("sixth", label: "Every sixth")]) {
      key, _ in
      guard case .integer(let number) = key.metadata["number"] else { return false }
      return number % 6 == 0
    }
  ]
}
