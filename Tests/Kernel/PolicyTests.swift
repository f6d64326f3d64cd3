import CardeaContracts
import CardeaLifecycle
import CardeaMemoryStore
import Dispatch
import Testing

@testable import CardeaKernel

@Suite struct PolicyTests {
  struct Told: Policy {
    var id = "policy.told"
    var stage: PolicyStage = .afterVerification
    var deadline: Duration = .seconds(60)
    let decide: @Sendable (PolicyContext) throws -> PolicyDecision
    func evaluate(_ context: PolicyContext) throws -> PolicyDecision { try decide(context) }
  }
  struct Asks: AsyncPolicy {
    let id = "policy.asks"
    var deadline: Duration = .seconds(60)
    var concerns: @Sendable (Identity) -> Bool = { _ in true }
    let decide: @Sendable (PolicyContext) async throws -> PolicyDecision
    func applies(to identity: Identity) -> Bool { concerns(identity) }
    func evaluate(_ context: PolicyContext) async throws -> PolicyDecision {
      try await decide(context)
    }
  }
  /// Another one.
  struct Other: AsyncPolicy {
    let id = "policy.other"
    let decide: @Sendable (PolicyContext) async throws -> PolicyDecision
    func evaluate(_ context: PolicyContext) async throws -> PolicyDecision {
      try await decide(context)
    }
  }
  struct Refusal: Error {}

  @Test func aPolicyDeniesColdAndWarm() async throws {
    let closed = Locked(false)
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(
        Told { _ in
          closed.withLock { $0 } ? .deny(PolicyDenial(code: "closed")) : .pass
        })
    }
    let issued = try await rig.key()
    #expect(await rig.verdict(issued.token).identity != nil)
    closed.withLock { $0 = true }
    let denial = rig.warmVerdict(issued.token)?.denial
    #expect(denial?.reason == .policyDenied)
    #expect(denial?.policy?.code == "closed")
    #expect(denial?.category == .forbidden)
  }

  @Test func aThrowDenies() async throws {  // S4
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(Told { _ in throw Refusal() })
    }
    let issued = try await rig.key()
    let denial = await rig.verdict(issued.token).denial
    #expect(denial?.reason == .failed)
    #expect(denial?.category == .unavailable)
  }

  @Test func anOverrunDenies() async throws {  // S4
    let clock = HandClock()
    let rig = try await Rig(clock: clock) { _ in
    } plugins: {
      $0.use(
        Told(deadline: .milliseconds(5)) { _ in
          clock.advance(.milliseconds(6))
          return .pass
        })
    }
    let issued = try await rig.key()
    #expect(await rig.verdict(issued.token).denial?.reason == .failed)
  }

  /// A thread may have to wait for its core in the middle of a policy: the default deadline bears that.
  @Test func aPolicyThatWasHeldUpForItsCoreDoesNotDeny() async throws {
    let clock = HandClock()
    let rig = try await Rig(clock: clock) { _ in
    } plugins: {
      $0.use(policy: "policy.preempted") { _ in
        clock.advance(.milliseconds(60))
        return .pass
      }
    }
    let issued = try await rig.key()
    #expect(await rig.verdict(issued.token).denial == nil)
  }

  @Test func beforeVerificationTellsAStrangerNothing() async throws {
    let seen = Collected<String>()
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(
        Told(stage: .beforeVerification) { context in
          seen.append(context.prefix)
          #expect(context.identity == nil)
          return .deny(PolicyDenial(code: "blocked"))
        })
    }
    let issued = try await rig.key()
    let denial = await rig.verdict(issued.token).denial
    #expect(denial?.reason == .policyDenied)
    #expect(denial?.category == .unauthenticated)
    #expect(seen.all == [issued.stored.key.prefix], "asked once for one request")
  }

  @Test func aLimitIs429AndItsOwnSignal() async throws {
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(
        Told { _ in
          .deny(
            PolicyDenial(code: "slow_down", status: .tooManyRequests, retryAfter: .seconds(7)))
        })
    }
    let limited = Collected<AccessEvent>()
    rig.kernel.signals.subscribe(
      RateLimited.self, id: "t", .queue(bound: 10, overflow: .dropNewest)
    ) { limited.append($0.event) }
    let issued = try await rig.key()
    let denial = await rig.verdict(issued.token).denial
    #expect(denial?.category == .limited)
    #expect(denial?.retryAfter == .seconds(7))
    await rig.kernel.drain()
    #expect(limited.all.map(\.prefix) == [issued.stored.key.prefix])
  }

  @Test func anAsyncPolicyKeepsItsKeysOffTheWarmPath() async throws {
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(
        Asks(concerns: { $0.name == "asked" }) { context in
          context.identity?.name == "asked" ? .deny(PolicyDenial(code: "retired")) : .pass
        })
    }
    let asked = try await rig.key("asked")
    let free = try await rig.key("free")
    #expect(await rig.verdict(asked.token).denial?.policy?.code == "retired")
    #expect(rig.warmVerdict(asked.token) == nil)
    #expect(await rig.verdict(free.token).identity != nil)
    #expect(rig.warmVerdict(free.token)?.identity != nil)
    // Of a secret that is known to be wrong there is nothing to ask.
    let wrong = try wrongToken(asked.stored.key.prefix)
    #expect(await rig.verdict(wrong).denial?.reason == .wrongSecret)
    #expect(rig.warmVerdict(wrong)?.denial?.reason == .wrongSecret)
  }

  @Test func theDeadlineOfAnAsyncPolicyWinsWithoutWaitingForIt() async throws {  // S4
    let gate = DispatchSemaphore(value: 0)
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(
        Asks(deadline: .milliseconds(10)) { _ in
          await wait(for: gate)
          return .pass
        })
    }
    let issued = try await rig.key()
    #expect(await rig.verdict(issued.token).denial?.reason == .failed)
    gate.signal()
  }

  /// Whoever it asks does not answer any more: beyond so many calls at once the next is denied without being asked, and
  /// none of those counts once the others are through.
  @Test func tooManyCallsOfAnAsyncPolicyAtOnceDeny() async throws {
    let waiting = Locked<[CheckedContinuation<Void, Never>]>([])
    let isOpen = Locked(false)
    let bounded = BoundedPolicy(
      Asks { _ in
        if !isOpen.withLock({ $0 }) {
          await withCheckedContinuation { held in waiting.withLock { $0.append(held) } }
        }
        return .pass
      }, clock: HandClock())
    let context = PolicyContext(
      request: RequestFacts(Call([])), prefix: "tok_a", identity: nil,
      now: Timestamp(milliseconds: 0))
    let passed = await withTaskGroup(of: PolicyDecision?.self) { group in
      for _ in 0..<1_024 { group.addTask { await bounded.evaluate(context) } }
      while waiting.withLock({ $0.count }) < 1_024 { await Task.yield() }
      for _ in 0..<1_025 { #expect(await bounded.evaluate(context) == nil) }
      isOpen.withLock { $0 = true }
      for held in waiting.withLock({ $0 }) { held.resume() }
      return await group.reduce(0) { $0 + ($1 == .pass ? 1 : 0) }
    }
    #expect(passed == 1_024)
    #expect(await bounded.evaluate(context) == .pass)
  }

  /// Serving from memory while the store is away asks every policy all the same.
  @Test func staleKeysStillFaceTheAsyncPolicies() async throws {
    let denies = Locked(false)
    let store = SharedCountingStore()
    let rig = try await Rig(store: store) {
      $0.maxStale = .seconds(30)
    } plugins: {
      $0.use(Asks { _ in denies.withLock { $0 } ? .deny(PolicyDenial(code: "no")) : .pass })
    }
    let issued = try await rig.key()
    #expect(await rig.verdict(issued.token).identity != nil)
    store.base.fails = true
    rig.clock.advance(.seconds(2))
    #expect(await rig.verdict(issued.token).identity != nil, "served stale, as configured")
    denies.withLock { $0 = true }
    #expect(await rig.verdict(issued.token).denial?.reason == .policyDenied)
    rig.clock.advance(.seconds(60))
    #expect(await rig.verdict(issued.token).denial?.reason == .storeUnavailable)
  }

  /// What is served stale is held to `max_stale` when the verdict is given, and to nothing else: neither does the
  /// reading that failed make it good for a lease, nor is it too old when that lease is over.
  @Test(arguments: [
    (away: Duration.seconds(2), thinks: Duration.seconds(3), allows: true),
    (away: .milliseconds(30_500), thinks: .milliseconds(600), allows: false),
  ])
  func staleKeysAreJudgedAgainWhenTheVerdictIsGiven(
    away: Duration, thinks: Duration, allows: Bool
  ) async throws {
    let clock = HandClock()
    let pause = Locked(Duration.zero)
    let store = SharedCountingStore()
    let rig = try await Rig(store: store, clock: clock) {
      $0.lease = .seconds(1)
      $0.maxStale = .seconds(30)
    } plugins: {
      $0.use(
        Asks { _ in
          clock.advance(pause.withLock { $0 })
          return .pass
        })
    }
    let issued = try await rig.key()
    #expect(await rig.verdict(issued.token).identity != nil)
    store.base.fails = true
    clock.advance(away)
    pause.withLock { $0 = thinks }
    let verdict = await rig.verdict(issued.token)
    #expect((verdict.identity != nil) == allows)
    #expect(verdict.denial?.reason == (allows ? nil : .storeUnavailable))
  }

  /// A policy that does I/O takes its time: whether the key is in force is judged again afterwards.
  @Test func aKeyThatExpiresWhileAPolicyThinksIsDenied() async throws {
    let clock = HandClock()
    let rig = try await Rig(clock: clock) { _ in
    } plugins: {
      $0.use(
        Asks { _ in
          clock.advance(.seconds(10))
          return .pass
        })
    }
    let issued = try await rig.key { $0.expiry = .after(.seconds(15)) }
    #expect(await rig.verdict(issued.token).identity != nil)
    #expect(await rig.verdict(issued.token).denial?.reason == .expired)
  }

  /// Each in its place, in the order of registration, whoever was asked elsewhere.
  @Test func limitsAreToldInOrder() async throws {
    func limit(_ name: String) -> PolicyDecision {
      .within([
        LimitState(
          name: name, quota: 10, window: .seconds(60), remaining: 3, resetsAfter: .seconds(6))
      ])
    }
    let names = ["one", "two", "three", "four"]
    let limits = names.map { limit($0) }
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(Told(id: "policy.one") { _ in limits[0] })
      $0.use(Told(id: "policy.two") { _ in limits[1] })
      $0.use(Asks { _ in limits[2] })
      $0.use(Other { _ in limits[3] })
    }
    let issued = try await rig.key()
    for _ in 0..<4 {
      #expect(await rig.verdict(issued.token).identity?.limits.map(\.name) == names)
    }
  }

  /// On a machine that has been up for a while, too.
  @Test func thePolicyThatAsksHasItsDeadline() async throws {
    let clock = HandClock()
    clock.advance(.seconds(1_000))
    let takes = Locked(Duration.seconds(60))
    let rig = try await Rig(clock: clock) { _ in
    } plugins: {
      $0.use(
        Asks { _ in
          clock.advance(takes.withLock { $0 })
          return .pass
        })
    }
    let issued = try await rig.key { $0.expiry = .never }
    #expect(await rig.verdict(issued.token).identity != nil)
    takes.withLock { $0 = .milliseconds(60_001) }
    #expect(await rig.verdict(issued.token).denial?.reason == .failed)
  }

  /// Only of one of them: it is asked, and its denial is of a verified key.
  @Test func oneThatConcernsTheKeyIsEnough() async throws {
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(Asks(concerns: { _ in false }) { _ in .pass })
      $0.use(Other { _ in .deny(PolicyDenial(code: "no")) })
    }
    let issued = try await rig.key()
    for _ in 0..<2 {
      let denial = await rig.verdict(issued.token).denial
      #expect(denial?.policy?.code == "no" && denial?.verified == true)
    }
  }

  /// What a policy on this machine counted is told, although another one was asked elsewhere afterwards.
  @Test func limitsAreToldBesideAnAsyncPolicy() async throws {
    let denies = Locked(false)
    let limit = LimitState(
      name: "calls", quota: 10, window: .seconds(60), remaining: 3, resetsAfter: .seconds(6))
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(Told { _ in .within([limit]) })
      $0.use(Asks { _ in denies.withLock { $0 } ? .deny(PolicyDenial(code: "no")) : .pass })
    }
    let issued = try await rig.key()
    #expect(await rig.verdict(issued.token).identity?.limits == [limit])
    denies.withLock { $0 = true }
    #expect(await rig.verdict(issued.token).denial?.limits == [limit])
  }

  /// `max_stale` counts from the end of the lease, to the nanosecond, on a machine that has been up for a while.
  @Test func staleKeysAreServedUpToMaxStaleAndNoLonger() async throws {
    let store = SharedCountingStore()
    let clock = HandClock()
    clock.advance(.seconds(1_000))
    let rig = try await Rig(store: store, clock: clock) { $0.maxStale = .seconds(30) }
    let issued = try await rig.key()
    #expect(await rig.verdict(issued.token).identity != nil)
    store.base.fails = true
    let end = try #require(rig.kernel.lease?.end)
    for (after, allows) in [(30_000_000_000 - 1, true), (30_000_000_000, false)] as [(UInt64, Bool)]
    {
      clock.ticks.store(end + after, ordering: .sequentiallyConsistent)
      #expect((await rig.verdict(issued.token).identity != nil) == allows)
    }
    await rig.kernel.shutdown()
  }

  @Test func aKeyRevokedWhileAPolicyThinksIsDenied() async throws {
    let revoke = Locked<(@Sendable () async throws -> Void)?>(nil)
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(
        Asks { _ in
          try await revoke.withLock { $0 }?()
          return .pass
        })
    }
    let issued = try await rig.key()
    let kernel = rig.kernel
    revoke.withLock {
      $0 = { _ = try await kernel.revokeKey(issued.stored.key.id, by: .host) }
    }
    #expect(await rig.verdict(issued.token).denial?.reason == .revoked)
  }

  /// However often the kernel has to read the key again: one request is one count, and one question before.
  @Test func aRequestIsCountedOnce() async throws {  // U1
    let counts = Locked((before: 0, after: 0))
    let store = CountingStore(MemoryStore())
    let limit = LimitState(
      name: "minute", quota: 5, window: .seconds(60), remaining: 4, resetsAfter: .seconds(1))
    let change = Locked<(@Sendable () -> Void)?>(nil)
    let rig = try await Rig(store: store) { _ in
    } plugins: {
      $0.use(policy: "policy.first", at: .beforeVerification, deadline: .seconds(60)) { _ in
        counts.withLock { $0.before += 1 }
        return .pass
      }
      $0.use(policy: "policy.counts", deadline: .seconds(60)) { _ in
        counts.withLock { $0.after += 1 }
        // The key changes while the policy thinks, so that this reading of it is worth nothing.
        change.withLock { change in
          change?()
          change = nil
        }
        return .within([limit])
      }
    }
    let issued = try await rig.key()
    let kernel = rig.kernel
    let prefix = issued.stored.key.prefix
    for isWarm in [false, true] {
      counts.withLock { $0 = (0, 0) }
      let finds = store.finds
      change.withLock { $0 = { kernel.stamps.changed(prefix: prefix, owner: nil) } }
      let identity = try #require(await rig.verdict(issued.token).identity)
      #expect(identity.limits == [limit])
      #expect(counts.withLock { $0 } == (1, 1), "warm: \(isWarm)")
      #expect(store.finds - finds == (isWarm ? 1 : 2), "it was read again")
    }
  }

  @Test func limitsGoWithTheVerdictOfAVerifiedKeyOnly() async throws {
    let limit = LimitState(
      name: "minute", quota: 5, window: .seconds(60), remaining: 0, resetsAfter: .seconds(1))
    let denies = Locked(false)
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(policy: "policy.limit") { _ in
        guard denies.withLock({ $0 }) else { return .within([limit]) }
        return .deny(
          PolicyDenial(
            code: "limit", status: .tooManyRequests, retryAfter: .seconds(1), limits: [limit]))
      }
    }
    let issued = try await rig.key()
    for _ in 0..<2 {  // cold, then warm
      #expect(await rig.verdict(issued.token).identity?.limits == [limit])
    }
    denies.withLock { $0 = true }
    let denial = try #require(await rig.verdict(issued.token).denial)
    #expect(denial.verified)
    #expect(denial.limits == [limit])
    _ = try await rig.kernel.revokeKey(issued.stored.key.id, by: .host)
    #expect(await rig.verdict(issued.token).denial?.limits == [])
  }

  /// keysmith's hooks, each in one line.
  @Test func closuresArePolicies() async throws {
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(policy: "policy.rate_limit_hook", at: .beforeVerification) { context in
        context.request.path == "/busy"
          ? .deny(PolicyDenial(code: "busy", status: .tooManyRequests)) : .pass
      }
      $0.use(policy: "policy.throttle_hook") { context in
        context.identity?.owner == "eve" ? .deny(PolicyDenial(code: "no_eve")) : .pass
      }
    }
    let good = try await rig.key()
    let eve = try await rig.key { $0.owner = OwnerReference(name: "eve") }
    #expect(await rig.verdict(good.token).identity != nil)
    #expect(await rig.verdict(eve.token).denial?.policy?.code == "no_eve")
    var busy = Call(good.token)
    busy.path = "/busy"
    let denial = await rig.kernel.authenticate(busy).denial
    #expect(denial?.category == .limited)
    #expect(denial?.verified == false)
    #expect(
      rig.kernel.plugins.filter { $0.kind == "policy" }.map(\.id)
        == ["policy.rate_limit_hook", "policy.throttle_hook"])
  }

  struct ReadsLevel: Policy, MetadataChecking {
    let id = "policy.level"
    func check(metadata: [String: JSONValue]) throws(MetadataFault) {
      _ = try metadata.integer("level")
    }
    func evaluate(_ context: PolicyContext) throws -> PolicyDecision {
      guard let level = try context.identity?.metadata.integer("level") else { return .pass }
      return level > 3 ? .pass : .deny(PolicyDenial(code: "low_level"))
    }
  }

  @Test func metadataThatAPolicyCanNotReadIsRefusedAndDenied() async throws {
    let store = MemoryStore()
    let unaware = try await Rig(store: store)
    let old = try await unaware.key { $0.metadata = ["level": .string("high")] }
    let rig = try await Rig(store: store) { _ in
    } plugins: {
      $0.use(ReadsLevel())
    }
    let fault = LifecycleError.invalid(field: "metadata.level", reason: "must be a whole number")
    await #expect(throws: fault) {
      try await rig.key { $0.metadata = ["level": .string("high")] }
    }
    let issued = try await rig.key { $0.metadata = ["level": .integer(4), "other": .bool(true)] }
    #expect(await rig.verdict(issued.token).identity != nil)
    var edit = KeyEdit()
    edit.metadata = ["level": .bool(true)]
    let wrong = edit
    await #expect(throws: fault) {
      try await rig.kernel.updateKey(issued.stored.key.id, wrong, by: .host)
    }
    // From before the policy was there: 403, since it will not pass by itself.
    let denial = await rig.verdict(old.token).denial
    #expect(denial?.reason == .policyDenied)
    #expect(denial?.policy?.code == "unreadable_metadata")
  }

  struct FailingSink: AuditSink {
    let id = "audit.failing"
    func record(_ events: [AccessEvent]) throws { throw Refusal() }
  }

  @Test func anAuditThatCannotBeWrittenDenies() async throws {
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(FailingSink())
    }
    let issued = try await rig.key()
    #expect(await rig.verdict(issued.token).denial?.reason == .auditUnavailable)
  }

  struct KeepingSink: AuditSink {
    let id = "audit.keeping"
    let events: Collected<AccessEvent>
    func record(_ events: [AccessEvent]) { for event in events { self.events.append(event) } }
  }

  @Test func everyAttemptIsAccountedForOnce() async throws {  // U1
    let events = Collected<AccessEvent>()
    let rig = try await Rig { _ in
    } plugins: {
      $0.use(KeepingSink(events: events))
    }
    let issued = try await rig.key()
    for _ in 0..<5 { _ = await rig.verdict(issued.token) }
    for _ in 0..<3 { _ = await rig.kernel.authenticate(Call([])) }
    #expect(events.all.filter { $0.reason == nil }.count == 5)
    #expect(events.all.filter { $0.reason == .missing }.count == 3)
    #expect(events.all.first?.request.path == "/orders")
  }
}
