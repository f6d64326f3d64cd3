import Cardea
import CardeaServer
import Dispatch
import Testing

/// `GET /metrics` on a real server.
@Suite struct MetricsRoutesTests {
  private func scrape(_ rig: ServerRig) async throws -> Exposition {
    let answer = try await rig.client.json("GET", "/metrics", token: rig.admin)
    #expect(answer.status == 200)
    return try Exposition(answer.text)
  }

  @Test func aScrapeIsTextAsPrometheusReadsIt() async throws {
    try await ServerRig.run { rig in
      let answer = try await rig.client.request(
        "GET", "/metrics", headers: [("Authorization", "Bearer \(rig.admin)")])
      #expect(answer.status == 200)
      #expect(answer.field("content-type") == "text/plain; version=0.0.4; charset=utf-8")
      let read = try Exposition(answer.text)
      // Only where a store names its nodes.
      let ofNodes = [
        "cardea_nodes_alive", "cardea_node_positions_behind", "cardea_clock_difference_seconds",
      ]
      for (name, help) in MetricName.help where !ofNodes.contains(name) {
        // Only there are no subscriptions before somebody subscribes.
        #expect(read.families[name]?.help == help, "\(name)")
      }
    }
  }

  @Test func itTakesAKeyWithTheScope() async throws {
    try await ServerRig.run { rig in
      let scraper = try await rig.key { $0.scopes = ["cardea:metrics:read"] }
      let other = try await rig.key { $0.scopes = ["cardea:audit:read", "*"] }
      #expect(try await rig.client.json("GET", "/metrics").status == 401)
      #expect(try await rig.client.json("GET", "/metrics", token: other.token).status == 403)
      #expect(try await rig.client.json("GET", "/metrics", token: scraper.token).status == 200)
      let question = try await rig.client.json("GET", "/metrics?name=x", token: scraper.token)
      #expect(question.status == 400 && question.string("field") == "name")
    }
  }

  @Test func countsAreTheRequestsMade() async throws {
    try await ServerRig.run { rig in
      let client = try await rig.key()
      let revoked = try await rig.key()
      _ = try await rig.client.json("POST", "/v1/keys/\(revoked.id)/revoke", token: rig.admin)
      let before = try await scrape(rig)
      for _ in 0..<7 { #expect(try await rig.auth(client.token) == 200) }
      for _ in 0..<3 { #expect(try await rig.auth(revoked.token) == 401) }
      for _ in 0..<2 { #expect(try await rig.client.request("GET", "/auth").status == 401) }
      for _ in 0..<5 {
        #expect(
          try await rig.client.json("GET", "/auth?scope=a:b", token: client.token).status == 403)
      }
      let after = try await scrape(rig)
      func more(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        after.value(name, labels).flatMap { now in before.value(name, labels).map { now - $0 } }
      }
      let verdicts = "cardea_verdicts_total"
      // The second scrape is a request too, and counted when it answers.
      #expect(more(verdicts, ["verdict": "allow", "reason": "none"]) == 8)
      #expect(more(verdicts, ["verdict": "deny", "reason": "revoked"]) == 3)
      #expect(more(verdicts, ["verdict": "deny", "reason": "missing"]) == 2)
      #expect(more(verdicts, ["verdict": "deny", "reason": "insufficient_scope"]) == 5)
      #expect(after.total(verdicts) - before.total(verdicts) == 18)
      #expect(more("cardea_authentication_duration_seconds_count") == 18)
      // Both keys were new: one look-up each in the store.
      #expect(more("cardea_cache_lookups_total", ["result": "miss"]) == 2)
      #expect(more("cardea_cache_lookups_total", ["result": "hit"]) == 14)
      #expect(after.value("cardea_cache_entries", ["kind": "match"]) == 3)
    }
  }

  @Test func lookUpsInTheStoreAreTimedByWhatCameOfThem() async throws {
    try await ServerRig.run { rig in
      let lookups = "cardea_store_lookup_duration_seconds_count"
      let known = try await rig.key()
      let before = try await scrape(rig)
      for _ in 0..<4 { #expect(try await rig.auth(known.token) == 200) }
      let stranger = try wrongToken(under: "tok_NOBODY00:")
      for _ in 0..<2 { #expect(try await rig.auth(stranger) == 401) }
      let after = try await scrape(rig)
      func more(_ result: String) -> Double? {
        after.value(lookups, ["result": result]).flatMap { now in
          before.value(lookups, ["result": result]).map { now - $0 }
        }
      }
      // The first use of the key; an unknown prefix is not remembered.
      #expect(more("found") == 1)
      #expect(more("absent") == 2)
      #expect(more("failed") == 0)
    }
  }

  @Test func commitsAreTimedByWhatCameOfThem() async throws {
    try await ServerRig.run { rig in
      let commits = "cardea_store_commit_duration_seconds_count"
      let before = try await scrape(rig)
      for _ in 0..<4 { _ = try await rig.key() }
      let owner = #"{"name":"anna"}"#
      #expect(
        try await rig.client.json("POST", "/v1/owners", token: rig.admin, owner).status == 201)
      let after = try await scrape(rig)
      #expect(
        after.value(commits, ["result": "done"])
          == before.value(commits, ["result": "done"]).map {
            $0 + 5
          })
      #expect(after.value(commits, ["result": "failed"]) == 0)
    }
  }

  @Test func whatWaitsForTheStoreIsTold() async throws {
    let queue = QueueAuditSink(node: "n", overflow: .refuse)
    try await ServerRig.run(
      plugins: [queue], kernel: { $0.auditDrainInterval = .seconds(86_400) }
    ) { rig in
      for _ in 0..<6 { _ = try await rig.auth("nonsense") }
      #expect(try await scrape(rig).value("cardea_audit_waiting_records") == 7)
      await rig.kernel.drainAccessLog()
      #expect(try await scrape(rig).value("cardea_audit_waiting_records") == 1)
    }
  }

  @Test func aMailboxTellsOfWhatWaitsAndWhatWasDropped() async throws {
    try await ServerRig.run { rig in
      let gate = DispatchSemaphore(value: 0)
      let entered = DispatchSemaphore(value: 0)
      let subscription = rig.kernel.signals.subscribe(
        KeyCreated.self, id: "slow", .queue(bound: 3, overflow: .dropOldest)
      ) { _ in
        entered.signal()
        gate.wait()
      }
      for _ in 0..<10 { _ = try await rig.key() }
      await withCheckedContinuation { continuation in
        DispatchQueue(label: "test.wait").async {
          entered.wait()
          continuation.resume()
        }
      }
      let labels = ["subscription": "slow", "signal": "key_created"]
      var read = try await scrape(rig)
      #expect(read.value("cardea_subscription_waiting", labels) == 3)
      let dropped = read.value("cardea_subscription_dropped_total", labels)
      #expect(dropped == 6 || dropped == 7, "the first may have been taken before the others came")
      for _ in 0..<4 { gate.signal() }
      await rig.kernel.drain()
      read = try await scrape(rig)
      #expect(read.value("cardea_subscription_waiting", labels) == 0)
      #expect(read.value("cardea_subscription_dropped_total", labels) == dropped)
      subscription.cancel()
      _ = try await scrape(rig)
    }
  }

  /// G1, H6: nothing of what clients send or keys are called is in a metric, whatever they send.
  @Test func noTokenNoNameNoPathIsInAnyLabel() async throws {
    try await ServerRig.run { rig in
      let key = try await rig.key("canaryname") {
        $0.owner = OwnerReference(name: "canaryowner")
        $0.scopes = ["canary:scope"]
        $0.keyClass = "canaryclass"
      }
      _ = try await rig.auth(key.token)
      _ = try await rig.auth("canarytoken")
      for target in [
        "/canarypath", "/auth?canaryquery=1", "/v1/keys/canaryid", "/auth?scope=canary:other",
        "/metrics?canary=1",
      ] {
        _ = try await rig.client.request(
          "GET", target,
          headers: [("X-API-Key", key.token), ("User-Agent", "canaryagent"), ("Canary", "x")])
        _ = try await rig.client.request("CANARY", target, headers: [("X-Request-Id", "canaryid")])
      }
      let answer = try await rig.client.json("GET", "/metrics", token: rig.admin)
      #expect(!answer.text.lowercased().contains("canary"))
      let prefix = key.token.prefix { $0 != ":" }
      #expect(!answer.text.contains(prefix) && !answer.text.contains(key.id))
      #expect(!answer.text.contains(rig.admin.prefix { $0 != ":" }))
      // Every label has one of the values that the program itself has written down.
      let allowed = Set(
        Denial.Reason.allCases.map(\.rawValue) + [
          "none", "allow", "deny", "hit", "miss", "found", "absent", "match", "mismatch", "done",
          "refused", "failed",
          "delivered", "buried", "dropped", "missed",
          "test.reasons", "authentication_failed",
        ])
      for sample in try Exposition(answer.text).families.values.flatMap(\.samples) {
        for (name, value) in sample.labels where name != "le" {
          #expect(allowed.contains(value), "\(sample.name) \(name)=\(value)")
        }
      }
    }
  }
}
