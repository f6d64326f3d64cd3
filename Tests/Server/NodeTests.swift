import Cardea
import CardeaTestSupport
import Foundation
import Logging
import Testing

@testable import CardeaServer

/// A server that is one of several nodes: the others are what their store says of them.
@Suite("many nodes over HTTP")
struct NodeTests {
  private static func card(
    _ name: String, lease: Duration = .seconds(60), version: String = "1.0"
  ) -> NodeCard {
    NodeCard(id: UUID(), name: name, lease: lease, version: version)
  }

  private func run(
    _ group: NodeGroup, store: NodeStore? = nil, logger: Logger = .silent,
    _ test: @Sendable @escaping (ServerRig) async throws -> Void
  ) async throws {
    try await ServerRig.run(
      store: store ?? NodeStore(group), logger: logger,
      kernel: {
        $0.nodeName = "a"
        $0.nodeVersion = "1.0"
      }, test)
  }

  private func until(_ condition: () async throws -> Bool) async throws {
    for _ in 0..<2_000 {
      if try await condition() { return }
      try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("it did not come true in ten seconds")
  }

  private func pending(_ answer: HTTPAnswer) -> [String] {
    (answer.object("receipt")["pending"] as? [[String: Any]] ?? []).compactMap {
      $0["node"] as? String
    }
  }

  private func confirmed(_ answer: HTTPAnswer) -> [String] {
    answer.object("receipt")["confirmed"] as? [String] ?? []
  }

  @Test func anAnswerNamesWhoObeysAndCanWaitForTheRest() async throws {
    let group = NodeGroup()
    let other = NodeTests.card("b")
    group.add(other)
    try await run(group) { rig in
      let key = try await rig.key()
      let suspended = try await rig.client.json(
        "POST", "/v1/keys/\(key.id)/suspend", token: rig.admin)
      #expect(confirmed(suspended) == ["a"])
      #expect(pending(suspended) == ["b"])
      #expect(suspended.object("receipt")["bound_ms"] as? Int == 60_000)
      let asked = group.asked
      let isDone = Locked(false)
      async let waiting = {
        let answer = try await rig.client.json(
          "POST", "/v1/keys/\(key.id)/revoke?wait=true", token: rig.admin)
        isDone.withLock { $0 = true }
        return answer
      }()
      try await until { group.asked > asked + 3 }
      #expect(!isDone.withLock { $0 })
      group.hear(other.id, 1_000_000)
      let revoked = try await waiting
      #expect(revoked.status == 200)
      #expect(revoked.object("key")["state"] as? String == "revoked")
      #expect(confirmed(revoked) == ["a", "b"])
      #expect(pending(revoked).isEmpty)
    }
  }

  @Test func itWaitsForNoNodeWhoseLeaseHasRunOut() async throws {
    let group = NodeGroup()
    group.add(NodeTests.card("lost", lease: .milliseconds(300)))
    try await run(group) { rig in
      let key = try await rig.key()
      let answer = try await rig.client.json(
        "POST", "/v1/keys/\(key.id)/revoke?wait=true", token: rig.admin)
      #expect(answer.status == 200)
      #expect(confirmed(answer) == ["a"])
      #expect(pending(answer).isEmpty)
    }
  }

  @Test func everyChangeOfAKeyOrOwnerCanWait() async throws {
    let group = NodeGroup()
    try await run(group) { rig in
      func call(_ method: String, _ path: String, _ body: String? = nil) async throws -> HTTPAnswer
      {
        try await rig.client.json(method, path, token: rig.admin, body)
      }
      let key = try await rig.key { $0.owner = OwnerReference(name: "ann") }
      let owner = try #require(
        try await rig.kernel.owners(OwnerQuery(limit: 10)).items.first
      ).id.uuidString.lowercased()
      let changes: [(String, String, String?)] = [
        ("PATCH", "/v1/keys/\(key.id)", #"{"name": "new"}"#),
        ("POST", "/v1/keys/\(key.id)/rotate", #"{"overlap": "1h"}"#),
        ("POST", "/v1/keys/\(key.id)/cancel-rotation", nil),
        ("POST", "/v1/keys/\(key.id)/rotate", #"{"overlap": "1h"}"#),
        ("POST", "/v1/keys/\(key.id)/complete-rotation", nil),
        ("POST", "/v1/keys/\(key.id)/suspend", nil),
        ("POST", "/v1/keys/\(key.id)/reactivate", nil),
        ("POST", "/v1/keys/bulk", #"{"action": "revoke", "filter": {"owner": "ann"}}"#),
        ("POST", "/v1/keys/\(key.id)/purge", nil),
        ("PATCH", "/v1/owners/\(owner)", #"{"max_keys": 3}"#),
        ("POST", "/v1/owners/\(owner)/disable", nil), ("POST", "/v1/owners/\(owner)/enable", nil),
      ]
      for (method, path, body) in changes {
        let other = NodeTests.card("b", lease: .milliseconds(200))
        group.add(other)
        let answer = try await call(method, path + "?wait=true", body)
        #expect(answer.status == 200, "\(path): \(answer.text)")
        #expect(confirmed(answer) == ["a"], "\(path)")
        #expect(pending(answer).isEmpty, "\(path)")
        group.leave(other.id)
      }
      let own = try await rig.key()
      let answer = try await rig.client.json(
        "POST", "/v1/self/revoke?wait=true", token: own.token)
      #expect(answer.status == 200)
    }
  }

  @Test func anUnreadableWaitIsRefusedBeforeAnythingIsDone() async throws {
    try await run(NodeGroup()) { rig in
      let key = try await rig.key()
      for value in ["", "yes", "1", "TRUE", "true&wait=true"] {
        let answer = try await rig.client.json(
          "POST", "/v1/keys/\(key.id)/revoke?wait=\(value)", token: rig.admin)
        #expect(answer.status == 400, "\(value)")
        #expect(answer.string("field") == "wait", "\(value)")
      }
      let other = try await rig.client.json("GET", "/v1/keys?wait=true", token: rig.admin)
      #expect(other.status == 400 && other.string("field") == "wait")
      #expect(try await rig.auth(key.token) == 200)
      let no = try await rig.client.json(
        "POST", "/v1/keys/\(key.id)/revoke?wait=false", token: rig.admin)
      #expect(no.status == 200)
    }
  }

  @Test func aStoreThatFallsSilentLeavesTheReceiptPartial() async throws {
    let group = NodeGroup()
    try await run(group) { rig in
      let key = try await rig.key()
      group.isSilent = true
      let answer = try await rig.client.json(
        "POST", "/v1/keys/\(key.id)/revoke", token: rig.admin)
      #expect(answer.status == 200)
      #expect(answer.object("receipt")["partial"] as? Bool == true)
      #expect(confirmed(answer) == ["a"])
      group.isSilent = false
      let whole = try await rig.client.json(
        "POST", "/v1/keys/\(key.id)/revoke", token: rig.admin)
      #expect(whole.object("receipt")["partial"] == nil)
    }
  }

  @Test func readinessAndMetricsTellWhatIsWrongAndNameNobody() async throws {
    let group = NodeGroup()
    let store = NodeStore(group)
    try await run(group, store: store) { rig in
      let ready = try await rig.client.json("GET", "/readyz")
      #expect(ready.json["node_warnings"] == nil)
      group.add(NodeTests.card("a"))
      group.add(NodeTests.card("old-host", version: "0.9"))
      store.cautions = ["no standby is synchronous"]
      rig.clock.advance(by: -7_300)
      await rig.kernel.refreshNodes()
      let warned = try await rig.client.json("GET", "/readyz")
      #expect(warned.status == 200)
      #expect(warned.string("status") == "ready")
      let warnings = try #require(warned.json["node_warnings"] as? [[String: String]])
      #expect(
        warnings.map { $0["code"] } == [
          "clock_apart", "store_caution", "node_name_twice", "node_version",
        ])
      #expect(warnings[0]["detail"]?.contains("2 h 1 min behind the store's") == true)
      #expect(!warned.text.contains("old-host") && !warned.text.contains("0.9"))
      let scrape = try Exposition(
        try await rig.client.json("GET", "/metrics", token: rig.admin).text)
      #expect(scrape.value("cardea_nodes_alive") == 3)
      #expect(scrape.value("cardea_node_positions_behind") == 0)
      let difference = try #require(scrape.value("cardea_clock_difference_seconds"))
      #expect(difference < -7_290 && difference > -7_310)
    }
  }

  /// Also where the store knows of no nodes: here the clock was set back.
  @Test(.timeLimit(.minutes(1))) func theLogTellsThatTimeIsAhead() async throws {
    let lines = Locked<[String]>([])
    let logger = Logger(label: "captured") { _ in CapturingLogHandler(lines: lines) }
    try await ServerRig.run(logger: logger) { rig in
      rig.clock.advance(by: -3_600)
      while !lines.withLock({ $0.contains { $0.contains("behind a time that the log") } }) {
        try await Task.sleep(for: .milliseconds(20))
      }
    }
  }

  @Test func theLogTellsAWarningOnceAndItsEndOnce() async throws {
    let group = NodeGroup()
    let store = NodeStore(group)
    try await run(group, store: store) { rig in
      let lines = Locked<[String]>([])
      let watch = NodeWatch(
        rig.kernel, Logger(label: "captured") { _ in CapturingLogHandler(lines: lines) })
      watch.look()
      #expect(lines.withLock { $0.isEmpty })
      let old = NodeTests.card("old-host", version: "0.9")
      group.add(old)
      await rig.kernel.refreshNodes()
      for _ in 0..<3 { watch.look() }
      #expect(lines.withLock { $0.count } == 1)
      #expect(
        lines.withLock { $0.first }?.contains("the node old-host runs version 0.9, this one 1.0")
          == true)
      group.leave(old.id)
      await rig.kernel.refreshNodes()
      for _ in 0..<3 { watch.look() }
      #expect(lines.withLock { $0.count } == 2)
      #expect(lines.withLock { $0.last }?.contains("no longer so") == true)
      // What comes back within a minute is no news.
      group.add(old)
      await rig.kernel.refreshNodes()
      for _ in 0..<3 { watch.look() }
      #expect(lines.withLock { $0.count } == 2)
      // A clock that drifts is one warning, whatever it shows.
      for _ in 0..<3 {
        rig.clock.advance(by: 60)
        watch.look()
      }
      #expect(lines.withLock { $0.count } == 3)
    }
  }

  // MARK: the page

  @Test func thePageShowsWhoObeysUntilAllDo() async throws {
    let group = NodeGroup()
    let other = NodeTests.card("b<1>")
    group.add(other)
    try await run(group) { rig in
      let client = PageClient(rig)
      try await client.signIn(rig.admin)
      let key = try await rig.key()
      let changed = try await client.submit("/keys/\(key.id)/suspend")
      #expect(changed.status == 303)
      let shown = try await client.get("/keys/\(key.id)").text
      #expect(shown.contains("Obeyed by 1 of 2 nodes."))
      #expect(shown.contains("<code>a</code> <span class=\"badge active\">obeys</span>"))
      #expect(shown.contains("<code>b&lt;1&gt;</code> <span class=\"badge suspended\">by "))
      #expect(shown.contains("data-receipt=\"/admin/receipt\""))
      // A reload asks anew, and so does the script.
      #expect(try await client.get("/keys/\(key.id)").text.contains("Obeyed by 1 of 2 nodes."))
      let polled = try await client.get("/receipt")
      #expect(polled.json["done"] as? Bool == false)
      #expect(polled.string("text") == "Obeyed by 1 of 2 nodes.")
      #expect((polled.json["nodes"] as? [[String: String]])?.map { $0["name"] } == ["a", "b<1>"])
      group.hear(other.id, 1_000_000)
      let last = try await client.get("/keys/\(key.id)").text
      #expect(last.contains("Obeyed by 2 of 2 nodes."))
      #expect(!last.contains("data-receipt="))
      #expect(!(try await client.get("/keys/\(key.id)").text.contains("Obeyed by")))
      #expect(try await client.get("/receipt").status == 404)
    }
  }

  @Test func aRotationAndABulkChangeShowTheirReceiptToo() async throws {
    let group = NodeGroup()
    let other = NodeTests.card("b")
    group.add(other)
    try await run(group) { rig in
      let client = PageClient(rig)
      try await client.signIn(rig.admin)
      let key = try await rig.key()
      let issued = try await client.submit("/keys/\(key.id)/rotate")
      #expect(issued.status == 200)
      #expect(issued.text.contains("Obeyed by 1 of 2 nodes."))
      var keys: [String] = []
      for index in 0..<5 { keys.append(try await rig.key("key \(index)").id) }
      let form =
        try await client.hidden("/keys", "/keys/bulk") + keys.map { ("id", $0) }
        + [("action", "suspend"), ("confirmed", "yes")]
      let asked = group.asked
      #expect(try await client.send("POST", "/keys/bulk", form).status == 303)
      // The kernel looks at its nodes every five seconds besides.
      #expect(group.asked - asked < 5)
      #expect(try await client.get("/keys").text.contains("Obeyed by 1 of 2 nodes."))
    }
  }

  @Test func theHealthPageListsTheNodes() async throws {
    let group = NodeGroup()
    let store = NodeStore(group)
    group.add(NodeTests.card("b", version: "0.9"))
    store.cautions = ["no standby is synchronous"]
    try await run(group, store: store) { rig in
      let client = PageClient(rig)
      try await client.signIn(rig.admin)
      let text = try await client.get("/health").text
      #expect(text.contains("<code class=\"wrap\">b</code>"))
      #expect(text.contains("<td data-label=\"Version\">0.9</td>"))
      #expect(text.contains("<p class=\"warning\">No standby is synchronous.</p>"))
      #expect(text.contains("The node b runs version 0.9, this one 1.0."))
      group.isSilent = true
      let silent = try await client.get("/health").text
      #expect(silent.contains("The store does not say which nodes there are."))
    }
    try await ServerRig.run { rig in
      let client = PageClient(rig)
      try await client.signIn(rig.admin)
      #expect(!(try await client.get("/health").text.contains("id=\"members\"")))
    }
  }
}
