import CardeaLifecycle
import CardeaMemoryStore
import Testing

@testable import CardeaContracts

@Suite("explain: every check with its outcome, and nothing comes of it")
struct ExplainTests {
  private let facts = RequestFacts(method: "GET", path: "/orders", clientAddress: "192.0.2.7")

  private static let steps = [
    "format", "policy.first", "failed_attempts", "lookup", "secret", "state", "expiry", "owner",
    "class", "scopes", "policy.last", "policy.elsewhere",
  ]

  private func rig(
    store: some KeyStore = MemoryStore(), last: PolicyDecision = .pass,
    first: PolicyDecision = .pass, elsewhere: PolicyDecision = .pass
  ) async throws -> Rig {
    try await Rig(store: store) { _ in
    } plugins: {
      $0.use(policy: "policy.first", at: .beforeVerification) { _ in first }
      $0.use(policy: "policy.last") { _ in last }
      $0.use(Elsewhere(decision: elsewhere))
    }
  }

  struct Elsewhere: AsyncPolicy {
    let id = "policy.elsewhere"
    let deadline: Duration = .seconds(60)
    let decision: PolicyDecision
    func evaluate(_ context: PolicyContext) async throws -> PolicyDecision { decision }
  }

  private func expect(
    _ explanation: Explanation, _ step: String?, _ code: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      explanation.checks.map(\.name) == ExplainTests.steps, sourceLocation: sourceLocation)
    #expect(explanation.decidedBy?.name == step, sourceLocation: sourceLocation)
    #expect(explanation.decidedBy?.code == code, sourceLocation: sourceLocation)
    #expect((explanation.verdict.identity == nil) == (step != nil), sourceLocation: sourceLocation)
    let place = step.flatMap { ExplainTests.steps.firstIndex(of: $0) } ?? ExplainTests.steps.count
    let outcomes = explanation.checks.map(\.outcome)
    #expect(outcomes[..<place].allSatisfy { $0 == .passed }, sourceLocation: sourceLocation)
    #expect(
      outcomes.dropFirst(place + 1).allSatisfy { $0 == .notReached },
      sourceLocation: sourceLocation)
  }

  @Test func eachStepCanDecide() async throws {
    let rig = try await rig()
    let kernel = rig.kernel
    func explain(
      _ token: Secret, _ requirement: Requirement = .none
    ) async -> Explanation {
      await kernel.explain(token: token, facts: facts, requiring: requirement)
    }
    let issued = try await rig.key {
      $0.scopes = ["orders:read"]
      $0.owner = OwnerReference(name: "alice")
      $0.expiry = .after(.seconds(100))
    }
    let id = issued.stored.key.id
    expect(await explain(issued.token, Requirement(scopes: ["orders:read"])), nil)
    expect(await explain(Secret(Array("nonsense".utf8))), "format", "malformed")
    expect(await explain(issued.token, Requirement(keyClass: "x")), "class", "wrong_class")
    expect(
      await explain(issued.token, Requirement(scopes: ["orders:write"])), "scopes",
      "insufficient_scope")
    expect(
      await explain(issued.token, Requirement(anyScopes: ["orders:write", "a"])), "scopes",
      "insufficient_scope")
    let rotated = try await kernel.rotateToken(id, by: .host)
    expect(await explain(issued.token), "secret", "wrong_secret")
    let owner = try await kernel.owner(OwnerReference(name: "alice"))
    _ = try await kernel.disableOwner(owner.id, by: .host)
    expect(await explain(rotated.token), "owner", "owner_disabled")
    _ = try await kernel.enableOwner(owner.id, by: .host)
    _ = try await kernel.suspendKey(id, by: .host)
    expect(await explain(rotated.token), "state", "suspended")
    _ = try await kernel.reactivateKey(id, by: .host)
    rig.clock.advance(.seconds(100))
    expect(await explain(rotated.token), "expiry", "expired")
    _ = try await kernel.purgeKey(id, by: .host)
    expect(await explain(rotated.token), "lookup", "purged")
  }

  @Test func policiesOfEachKindCanDecide() async throws {
    let denial = PolicyDecision.deny(PolicyDenial(code: "no"))
    for (rig, name) in [
      (try await rig(first: denial), "policy.first"), (try await rig(last: denial), "policy.last"),
      (try await rig(elsewhere: denial), "policy.elsewhere"),
    ] {
      let issued = try await rig.key()
      expect(await rig.kernel.explain(token: issued.token, facts: facts), name, "no")
    }
  }

  @Test func aStoreThatFailsIsNamed() async throws {
    let store = CountingStore(MemoryStore())
    let rig = try await rig(store: store)
    let issued = try await rig.key()
    store.fails = true
    expect(
      await rig.kernel.explain(token: issued.token, facts: facts), "lookup", "store_unavailable")
  }

  @Test func failedAttemptsAreForetoldAndNotCounted() async throws {
    let rig = try await rig()
    let issued = try await rig.key()
    let other = try await rig.key()
    for _ in 0..<200 {
      let explanation = await rig.kernel.explain(token: issued.token, facts: facts)
      #expect(explanation.verdict.identity != nil)
    }
    // Ten guesses at its prefix from that address.
    for _ in 0..<10 {
      let guess = try wrongToken(issued.stored.key.prefix)
      #expect(await rig.verdict(guess).denial?.reason == .wrongSecret)
    }
    expect(
      await rig.kernel.explain(token: issued.token, facts: facts), "failed_attempts",
      "failed_attempts")
    expect(await rig.kernel.explain(token: other.token, facts: facts), nil)
  }

  @Test func nothingComesOfIt() async throws {
    let store = CountingStore(MemoryStore())
    let events = Collected<Bool>()
    let rehearsals = Collected<Bool>()
    let rig = try await Rig(store: store) { _ in
    } plugins: {
      $0.use(policy: "policy.looks") { context in
        rehearsals.append(context.isRehearsal)
        return .pass
      }
      $0.use(Sink(events: events))
    }
    let issued = try await rig.key()
    let subscriptions = [
      rig.kernel.signals.subscribe(
        UserLoggedIn.self, id: "in", .queue(bound: 10, overflow: .dropNewest)
      ) { _ in events.append(true) },
      rig.kernel.signals.subscribe(
        AuthenticationFailed.self, id: "failed", .queue(bound: 10, overflow: .dropNewest)
      ) { _ in events.append(false) },
    ]
    for token in [issued.token, Secret(Array("nonsense".utf8)), try wrongToken()] {
      _ = await rig.kernel.explain(token: token, facts: facts)
    }
    await rig.kernel.drain()
    await rig.kernel.flushUsage()
    #expect(events.all.isEmpty)
    #expect(store.usage.isEmpty)
    #expect(rehearsals.all == [true])
    #expect(rig.warmVerdict(issued.token) == nil, "the cache was not filled")
    for subscription in subscriptions { subscription.cancel() }
  }

  struct Sink: AuditSink {
    let id = "audit.collects"
    let events: Collected<Bool>
    func record(_ events: [AccessEvent]) throws { self.events.append(true) }
  }
}
