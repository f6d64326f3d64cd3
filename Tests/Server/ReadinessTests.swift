import Cardea
import CardeaTestSupport
import Dispatch
import Foundation
import Testing

@testable import CardeaServer

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// `/readyz` names what is not ready, and what should be put right: each of these has a part of a real server fail.
@Suite("/readyz", .timeLimit(.minutes(5)))
struct ReadinessTests {
  private func warnings(_ rig: ServerRig) async throws -> [String] {
    let answer = try await rig.client.json("GET", "/readyz")
    #expect(answer.status == 200, "\(answer.text)")
    // The test itself is a loopback peer that is no trusted proxy.
    return (answer.json["warnings"] as? [String] ?? []).filter { $0 != "no_client_address" }
  }

  /// Asks until it is so. The suite's limit of time ends what never comes.
  private func until(_ isSo: () async throws -> Bool) async throws {
    while try await !isSo() { try await Task.sleep(for: .milliseconds(5)) }
  }

  /// A spool whose disk is full as long as this says so.
  private func spool(_ folder: URL, _ isFull: Locked<Bool>, tier: AuditTier) -> SpoolAuditSink {
    SpoolAuditSink(path: folder.appending(path: "spool").path, tier: tier) { descriptor, bytes in
      guard isFull.withLock({ $0 }) else { return SpoolAuditSink.systemWrite(descriptor, bytes) }
      errno = ENOSPC
      return -1
    }
  }

  private func inFolder(_ test: (URL) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await test(folder)
  }

  /// Nobody is let in, so nobody is to be sent here; and nobody has to come for it to be found out that it is over.
  @Test(arguments: [AuditTier.process, .commit])
  func aSpoolThatCanNotBeWrittenIsNamed(_ tier: AuditTier) async throws {
    try await inFolder { folder in
      let isFull = Locked(false)
      try await ServerRig.run(plugins: [spool(folder, isFull, tier: tier)]) { rig in
        let key = try await rig.key()
        #expect(try await rig.auth(key.token) == 200)
        #expect(try await warnings(rig).isEmpty)
        isFull.withLock { $0 = true }
        #expect(try await rig.auth(key.token) == 503)
        for _ in 0..<3 {
          let answer = try await rig.client.json("GET", "/readyz")
          #expect(answer.status == 503)
          #expect(answer.string("code") == "audit_unavailable")
          #expect(answer.string("detail")?.hasSuffix(": audit.spool") == true)
          #expect(answer.field("retry-after") == "1")
        }
        let change = try await rig.client.json(
          "POST", "/v1/keys", token: rig.admin, #"{"name": "a"}"#)
        #expect(change.status == 503 && change.string("code") == "audit_unavailable")
        isFull.withLock { $0 = false }
        try await until { try await rig.client.request("GET", "/readyz").status == 200 }
        #expect(try await rig.auth(key.token) == 200)
        await rig.kernel.drainAccessLog()
        let lost = try await rig.client.json(
          "GET", "/v1/audit?status=503", token: rig.admin)
        let rows = lost.json["entries"] as? [[String: Any]] ?? []
        #expect(rows.compactMap { $0["count"] as? Int }.reduce(0, +) == 2, "\(lost.text)")
      }
    }
  }

  @Test func whereUnrecordedRequestsPassItIsAWarning() async throws {
    try await inFolder { folder in
      let isFull = Locked(true)
      try await ServerRig.run(
        plugins: [spool(folder, isFull, tier: .process)], kernel: { $0.auditOnFailure = .allow }
      ) { rig in
        let key = try await rig.key()
        #expect(try await rig.auth(key.token) == 200)
        #expect(try await warnings(rig) == ["audit_failing"])
        isFull.withLock { $0 = false }
        try await until { try await warnings(rig).isEmpty }
      }
    }
  }

  /// What is let in leaves no line in that tier, so it goes on.
  @Test func whereOnlyDenialsAreRecordedItIsReady() async throws {
    try await inFolder { folder in
      let isFull = Locked(true)
      try await ServerRig.run(plugins: [spool(folder, isFull, tier: .failures)]) { rig in
        let key = try await rig.key()
        #expect(try await rig.auth("nonsense") == 503)
        #expect(try await rig.auth(key.token) == 200)
        #expect(try await warnings(rig).isEmpty)
      }
    }
  }

  @Test func aQueueWithoutRoomIsNamedUntilTheStoreTakesIt() async throws {
    let queue = QueueAuditSink(node: "n", tier: .process, bound: 2, overflow: .refuse)
    try await ServerRig.run(
      plugins: [queue], kernel: { $0.auditDrainInterval = .seconds(86_400) }
    ) { rig in
      let key = try await rig.key()
      for _ in 0..<2 { #expect(try await rig.auth(key.token) == 200) }
      let answer = try await rig.client.json("GET", "/readyz")
      #expect(answer.status == 503 && answer.string("code") == "audit_unavailable")
      #expect(answer.string("detail")?.hasSuffix(": audit.queue") == true)
      await rig.kernel.drainAccessLog()
      #expect(try await warnings(rig).isEmpty)
      #expect(try await rig.auth(key.token) == 200)
    }
  }

  @Test func aLogThatIsNotMovedToTheStoreIsAWarning() async throws {
    let source = Stuck()
    try await ServerRig.run(
      plugins: [source], kernel: { $0.auditDrainInterval = .seconds(86_400) }
    ) { rig in
      let before = try await warnings(rig)
      #expect(before.isEmpty)
      source.isBroken.withLock { $0 = true }
      await rig.kernel.drainAccessLog()
      #expect(try await warnings(rig) == ["audit_behind"])
      source.isBroken.withLock { $0 = false }
      await rig.kernel.drainAccessLog()
      #expect(try await warnings(rig).isEmpty)
    }
  }

  /// The store is asked about first, and everything else that is wrong is named with it.
  @Test func allThatIsNotReadyIsNamed() async throws {
    let store = HeldStore(MemoryStore())
    let queue = QueueAuditSink(node: "n", tier: .process, bound: 0, overflow: .refuse)
    try await ServerRig.run(store: store, plugins: [queue]) { rig in
      store.fails = true
      let answer = try await rig.client.json("GET", "/readyz")
      #expect(answer.status == 503 && answer.string("code") == "store_unavailable")
      let detail = try #require(answer.string("detail"))
      #expect(detail.contains("the store does not answer"))
      #expect(detail.contains("audit.queue"))
    }
  }

  private struct Broken: Error {}

  enum Failing: CaseIterable { case throwing, hanging }

  /// Verdicts and changes go on; who does not get on is not told to strangers, but on the page.
  @Test(arguments: Failing.allCases)
  func aDurableSubscriptionThatIsStuckIsAWarning(_ failing: Failing) async throws {
    try await ServerRig.run(kernel: { $0.listenerDeadline = .milliseconds(1) }) { rig in
      let isBroken = Locked(true)
      let gate = DispatchSemaphore(value: 0)
      let subscription = rig.kernel.signals.subscribe(
        KeyCreated.self, id: "listener.mirror",
        .durable(cursor: "mirror", attempts: .max, backoff: .milliseconds(1))
      ) { _ in
        guard isBroken.withLock({ $0 }) else { return }
        if failing == .throwing { throw Broken() }
        gate.wait()
      }
      await rig.kernel.drain()
      #expect(try await warnings(rig).isEmpty)
      let key = try await rig.key()
      try await until { try await warnings(rig) == ["subscription_stuck"] }
      #expect(try await rig.auth(key.token) == 200)
      let told = try await rig.client.request("GET", "/readyz")
      #expect(!told.text.contains("mirror"))
      let visitor = try await rig.visitor("cardea:keys:read", "cardea:metrics:read")
      let page = try await visitor.get("/health").text
      #expect(page.contains(#"<code class="wrap">listener.mirror</code> <span class="badge"#))
      isBroken.withLock { $0 = false }
      gate.signal()
      try await until { try await warnings(rig).isEmpty }
      subscription.cancel()
    }
  }

  @Test func aSubscriptionThatIsFarBehindIsAWarning() async throws {
    try await ServerRig.run { rig in
      let gate = DispatchSemaphore(value: 0)
      let subscription = rig.kernel.signals.subscribe(
        KeyCreated.self, id: "listener.slow", .durable(cursor: "slow")
      ) { _ in gate.wait() }
      await rig.kernel.drain()
      let many = SubscriptionFigures.manyWaiting
      for _ in 0..<many { _ = try await rig.key() }
      #expect(try await warnings(rig).isEmpty)
      _ = try await rig.key()
      try await until { try await warnings(rig) == ["subscription_behind"] }
      for _ in 0...many { gate.signal() }
      try await until { try await warnings(rig).isEmpty }
      subscription.cancel()
    }
  }

  @Test func aWebhookThatFailsIsAWarning() async throws {
    try await ServerRig.run { rig in
      // Nothing goes to loopback unless it is allowed.
      let body = #"{"url":"https://localhost:1"}"#
      let made = try await rig.client.json("POST", "/v1/webhooks", token: rig.admin, body)
      let id = try #require(made.object("webhook")["id"] as? String)
      #expect(try await warnings(rig).isEmpty)
      for _ in 0..<5 { _ = try await rig.key() }
      try await until { try await warnings(rig) == ["webhook_failing"] }
      for _ in 0..<(SubscriptionFigures.manyWaiting + 100) { _ = try await rig.key() }
      try await until { try await warnings(rig) == ["webhook_failing", "webhook_behind"] }
      let told = try await rig.client.request("GET", "/readyz")
      #expect(!told.text.contains(id) && !told.text.contains("localhost"))
      // Of one that is disabled nothing is expected.
      _ = try await rig.client.json(
        "PATCH", "/v1/webhooks/\(id)", token: rig.admin, #"{"enabled":false}"#)
      try await until { try await warnings(rig).isEmpty }
    }
  }

  @Test func aFullHashPoolIsAWarning() async throws {
    let hasher = HeldHasher()
    try await ServerRig.run(
      plugins: [hasher],
      kernel: {
        $0.hashPoolWidth = 1
        $0.hashQueueLimit = 0
        $0.preferredHasher = "held"
        $0.hashDeadline = .seconds(60)
      }
    ) { rig in
      let key = try await rig.key()
      #expect(try await warnings(rig).isEmpty)
      hasher.holds.withLock { $0 = true }
      async let held = rig.auth(key.token)
      for await _ in hasher.begun { break }
      #expect(try await warnings(rig) == ["hash_pool_full"])
      hasher.latch.signal()
      #expect(try await held == 200)
      try await until { try await warnings(rig).isEmpty }
    }
  }
}

/// A spool that can't be read for as long as it is broken.
private final class Stuck: AuditSink, AccessSpool, AccessSource {
  struct Broken: Error {}
  let id = "audit.stuck"
  let node = "stuck"
  let isBroken = Locked(false)
  var sources: [any AccessSource] { [self] }
  var waiting: Int { 0 }

  func record(_ events: [AccessEvent]) {}
  func resume(after sequence: Int64) {}
  func records(after sequence: Int64, details: Int, limit: Int) throws -> [SpooledAccess] {
    if isBroken.withLock({ $0 }) { throw Broken() }
    return []
  }
  func discard(through sequence: Int64) {}
}

/// Makes hashes at once, and holds the thread that verifies if it is told to. Every secret is right.
private final class HeldHasher: SecretHasher {
  let id = "hasher.held"
  let algorithm = "held"
  let cost = HashCost.slow
  let holds = Locked(false)
  let latch = DispatchSemaphore(value: 0)
  let begun: AsyncStream<Void>
  private let begins: AsyncStream<Void>.Continuation

  init() { (begun, begins) = AsyncStream<Void>.makeStream() }

  func hash(_ request: HashRequest) -> EncodedHash { EncodedHash("held$") }
  func verify(_ request: VerifyRequest) -> Bool {
    guard holds.withLock({ $0 }) else { return true }
    begins.yield()
    latch.wait()
    return true
  }
  func needsRehash(_ hash: EncodedHash) -> Bool { false }
}
