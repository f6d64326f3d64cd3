import CardeaLifecycle
import CardeaMemoryStore
import Foundation
import Testing

@testable import CardeaWebhooks

/// Who changed an endpoint stands in the signal log.
@Suite("Signals of webhooks")
struct WebhookSignalTests {
  @Test func everyChangeOfAnEndpointIsInTheLogWithoutItsSecrets() async throws {
    let store = MemoryStore()
    let rig = try await WebhookRig(store: store)
    let published = Locked<[String]>([])
    rig.kernel.signals.subscribe(
      AnySignal.self, id: "test", .queue(bound: 100, overflow: .dropNewest)
    ) { signal in published.withLock { $0.append(signal.name) } }
    let made = try await rig.webhooks.create(
      NewWebhook(url: "https://hooks.example.org/T0/secret-path?key=secret-query"), by: .host)
    let id = made.status.endpoint.id
    var edit = WebhookEdit()
    edit.url = "https://other.example.org/secret-path"
    edit.isEnabled = false
    _ = try await rig.webhooks.update(id, edit, by: .host)
    // What changes nothing is no change.
    _ = try await rig.webhooks.update(id, edit, by: .host)
    let rotated = try await rig.webhooks.rotateSecret(id, overlap: .seconds(60), by: .commandLine)
    try await rig.webhooks.delete(id, by: .host)
    let names = [
      "webhook_created", "webhook_updated", "webhook_secret_rotated", "webhook_deleted",
    ]
    let entries = store.log(after: 0, limit: 100)
    #expect(entries.map(\.signal) == names)
    await rig.kernel.drain()
    #expect(published.withLock { $0 } == names)
    let texts = entries.map { String(decoding: $0.payload ?? [], as: UTF8.self) }
    #expect(texts.allSatisfy { $0.contains("\"id\":\"\(id.text)\"") })
    #expect(texts[0].contains("\"host\":\"hooks.example.org\""))
    #expect(texts[1].contains("\"host\":\"other.example.org\""))
    #expect(texts[1].contains("\"changed\":[\"url\",\"enabled\"]"))
    #expect(texts[2].contains("\"actor\":\"\(Actor.commandLine.description)\""))
    for secret in [
      "secret-path", "secret-query", "whsec_", made.secret.reveal(), rotated.secret.reveal(),
    ] {
      #expect(!texts.contains { $0.contains(secret) })
    }
    // They read back as what they were.
    let back = try JSONDecoder().decode(WebhookUpdated.self, from: Data(texts[1].utf8))
    #expect(back.webhook == WebhookFacts(id: id, host: "other.example.org"))
    var query = AuditQuery()
    query.action = "webhook_created"
    #expect(try await rig.kernel.audit(query).items.count == 1)
  }

  /// Others learn of an endpoint's changes; itself it is not told.
  @Test func anEndpointIsToldOfOthersOnly() async throws {
    let rig = try await WebhookRig()
    let id = try await rig.endpoint("a")
    let other = try await rig.endpoint("b")
    _ = try await rig.webhooks.rotateSecret(id, by: .host)
    try await rig.webhooks.delete(other, by: .host)
    await rig.webhooks.drain()
    #expect(
      rig.endpoints.take().map { [$0.name, "\($0.position)"] } == [["a", "2"], ["a", "4"]])
  }

  /// Of two changes at once one is made, and only that one is told.
  @Test func aChangeThatIsRefusedIsNotTold() async throws {
    let store = MemoryStore()
    let rig = try await WebhookRig(store: store)
    let id = try await rig.endpoint("a")
    let record = try #require(store.pluginRecords("webhooks").first)
    let at = rig.clock.now()
    await #expect(throws: LifecycleError.conflict) {
      try await rig.kernel.commit(
        .put(record, in: "webhooks"),
        telling: WebhookDeleted(at: at, actor: "x", webhook: WebhookFacts(id: id, host: nil)))
    }
    #expect(store.logHead().position == 1)
  }
}
