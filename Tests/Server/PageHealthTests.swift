import Cardea
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaServer

/// `/admin/health`, and the status of the chains where checkpoints are signed.
@Suite("/admin/health")
struct PageHealthTests {
  @Test func requestsAreDrawnAndTold() async throws {
    try await ServerRig.signedIn { rig, client in
      rig.clock.freeze()
      let key = try await rig.key()
      for _ in 0..<3 { #expect(try await rig.auth(key.token) == 200) }
      _ = try await client.get("/health")
      rig.clock.advance(by: 120)
      for _ in 0..<2 { #expect(try await rig.auth(key.token + "x") == 401) }
      let text = try await client.get("/health").text
      // The sign-in is one of them.
      #expect(text.contains("Requests a minute in the last hour: 4 allowed, 2 denied"))
      let rows = text.matches(
        of: /UTC<\/td><td data-label="Allowed">(\d+)<\/td><td data-label="Denied">(\d+)</)
      #expect(rows.map { "\($0.1) \($0.2)" } == ["0 2", "4 0"])
      #expect(text.components(separatedBy: "<rect class=\"good\"").count == 121)
      #expect(text.contains("<svg class=\"chart\""))
      #expect(text.contains("<th scope=\"row\"><code>malformed</code></th><td>2</td>"))
      #expect(!text.contains(" style="))
      // What is an hour ago is over.
      rig.clock.advance(by: 3_600)
      try await client.signIn(rig.admin)
      let later = try await client.get("/health").text
      #expect(later.contains("Requests a minute in the last hour: 1 allowed, 0 denied"))
    }
  }

  @Test func theMostDeniedPrefixesLeadIntoTheAudit() async throws {
    try await ServerRig.signedIn(plugins: [QueueAuditSink(node: "n")]) { rig, client in
      let often = try await rig.key("often") { $0.scopes = ["a:b"] }
      let once = try await rig.key("once")
      func prefix(_ token: String) -> String { String(token.prefix { $0 != ":" }) }
      _ = try await rig.kernel.suspendKey(try #require(UUID(uuidString: once.id)), by: .host)
      _ = try await rig.auth(once.token)
      for _ in 0..<4 {
        _ = try await rig.client.json("GET", "/auth?scope=c:d", token: often.token)
      }
      await rig.kernel.drainAccessLog()
      let text = try await client.get("/health").text
      let rows = text.matches(
        of: /href="\/admin(\/audit\?prefix=[^"]+)"><code class="wrap">(tok_\w+)</)
      #expect(rows.map { String($0.2) } == [prefix(often.token), prefix(once.token)])
      #expect(text.contains("<code>insufficient_scope</code>"))
      let link = String(try #require(rows.first).1).replacingOccurrences(of: "&amp;", with: "&")
      let audit = try await client.get(link)
      #expect(audit.status == 200)
      #expect(audit.text.contains("insufficient_scope"))
      // What is a day ago is over.
      rig.clock.advance(by: 90_000)
      try await client.signIn(rig.admin)
      #expect(try await client.get("/health").text.contains("No prefix was denied."))
    }
  }

  @Test func theNodeItsStoreAndItsListenersAreShown() async throws {
    try await ServerRig.signedIn { rig, client in
      let text = try await client.get("/health").text
      #expect(text.contains("<code>\(rig.kernel.store.id)</code>"))
      #expect(text.contains("<code>\(rig.kernel.configuration.nodeName)</code>"))
      for figures in rig.kernel.figures().subscriptions {
        #expect(text.contains("<code class=\"wrap\">\(figures.id)</code>"))
      }
      #expect(text.contains(">ready</span>"))
    }
  }

  @Test func itNeedsWhatMetricsNeed() async throws {
    try await ServerRig.run { rig in
      let reader = try await rig.visitor("cardea:keys:read")
      #expect(try await reader.get("/health").status == 403)
      #expect(try await !reader.get("/").text.contains("/admin/health"))
      let measurer = try await rig.visitor("cardea:keys:read", "cardea:metrics:read")
      let text = try await measurer.get("/health").text
      #expect(text.contains("Requests, last hour"))
      // Of prefixes tells the access log.
      #expect(!text.contains("Most denied prefixes"))
    }
  }

  /// Between the setting of a key and the first checkpoint that it signs nothing is wrong with the logs.
  @Test func aNewSigningKeyIsNoFalseAlarm() async throws {
    let key = try #require(Ed25519.PrivateKey(seed: Secret([UInt8](repeating: 5, count: 32))))
    try await ServerRig.signedIn(kernel: { $0.auditSigningKey = key }, recording: false) {
      rig, client in
      let mine = [rig.kernel.primitives.publicKey(of: key)]
      #expect(try await rig.kernel.verifyAudit(keys: mine).awaitsSignature)
      let before = try await client.get("/audit/verify").text
      #expect(before.contains(">intact</span>") && !before.contains("broken"))
      #expect(before.contains("audit.signing_key_file"))
      _ = try await rig.kernel.checkpointAudit(.periodic)
      let after = try await client.get("/audit/verify").text
      #expect(after.contains(">intact</span>") && after.contains("Checkpoints are signed"))
      #expect(!after.contains("audit.signing_key_file"))
    }
  }
}
