import CardeaLifecycle
import CardeaMemoryStore
import CardeaTestSupport
import Dispatch
import Testing

@Suite struct DurableTests {
  private struct Refusal: Error {}

  /// Subscribes to every change under the cursor `mail`.
  private func subscribe(
    _ rig: Rig, attempts: Int = 3,
    _ handler: @escaping @Sendable (AnySignal) throws -> Void
  ) async -> Subscription {
    let subscription = rig.kernel.signals.subscribe(
      AnySignal.self, id: "listener.mail",
      .durable(cursor: "mail", attempts: attempts, backoff: .seconds(1)), handler: handler)
    await rig.kernel.drain()
    return subscription
  }

  private func name(_ signal: AnySignal) -> String {
    guard let created = signal.base as? KeyCreated else { return signal.name }
    return created.key.name
  }

  @Test func everyChangeIsDeliveredInOrderAndAsItWas() async throws {
    let rig = try await Rig()
    let live = Collected<KeyCreated>()
    let durable = Collected<KeyCreated>()
    rig.kernel.signals.subscribe(KeyCreated.self, id: "listener.live", .inline) { live.append($0) }
    rig.kernel.signals.subscribe(
      KeyCreated.self, id: "listener.mail", .durable(cursor: "mail")
    ) { durable.append($0) }
    await rig.kernel.drain()
    for number in 0..<300 {
      let id = try await rig.key("k\(number)") {
        $0.owner = OwnerReference(name: "alice")
        $0.scopes = ["a:b"]
        $0.expiry = .after(.seconds(60))
      }.stored.key.id
      if number % 3 == 0 { _ = try await rig.kernel.suspendKey(id, by: .host) }
    }
    await rig.kernel.drain()
    #expect(durable.all.map(\.position) == live.all.map(\.position))
    #expect(durable.all.map(\.key) == live.all.map(\.key))
    #expect(durable.all.count == 300)
    let head = try await rig.kernel.store.logHead().position
    #expect(
      try await rig.kernel.subscriptions()
        == [SubscriptionRecord(name: "mail", position: head, deadLetters: 0)])
  }

  /// However long a listener takes, nobody else delivers meanwhile.
  @Test func whatTakesLongIsDeliveredByOneAlone() async throws {
    let claim = Duration.milliseconds(100)
    let (store, clock) = (MemoryStore(), HandClock())
    let rigs = [
      try await Rig(store: store, clock: clock) { $0.subscriptionClaim = claim },
      try await Rig(store: store, clock: clock) { $0.subscriptionClaim = claim },
    ]
    let (started, goesOn) = (Locked(false), DispatchSemaphore(value: 0))
    let delivered = Collected<Int>()
    let slow = rigs[0].kernel.signals.subscribe(
      KeyCreated.self, id: "listener.mail", .durable(cursor: "mail")
    ) { _ in
      started.withLock { $0 = true }
      goesOn.wait()
      delivered.append(0)
    }
    await rigs[0].kernel.drain()
    let quick = rigs[1].kernel.signals.subscribe(
      KeyCreated.self, id: "listener.mail", .durable(cursor: "mail")
    ) { _ in delivered.append(1) }
    _ = try await rigs[0].key()
    let draining = Task { await rigs[0].kernel.drain() }
    while !started.withLock({ $0 }) { await Task.yield() }
    // Two claims' time.
    for _ in 0..<20 {
      clock.advance(claim / 10)
      try await Task.sleep(for: claim)
      await rigs[1].kernel.drain()
    }
    #expect(delivered.all.isEmpty)
    goesOn.signal()
    await draining.value
    await rigs[1].kernel.drain()
    #expect(delivered.all == [0])
    _ = (slow, quick)
  }

  @Test func everySignalOfTheCatalogueReadsBack() async throws {
    let rig = try await Rig()
    let live = Collected<String>()
    let durable = Collected<String>()
    rig.kernel.signals.subscribe(
      AnySignal.self, id: "listener.live", .queue(bound: 100, overflow: .dropNewest)
    ) { if $0.base is any ChangeSignal { live.append($0.name) } }
    let subscription = await subscribe(rig) { durable.append($0.name) }
    let owner = try await rig.kernel.createOwner(NewOwner(name: "alice"), by: .host).owner
    var edit = OwnerEdit()
    edit.maxKeys = 9
    _ = try await rig.kernel.updateOwner(owner.id, edit, by: .host)
    _ = try await rig.kernel.disableOwner(owner.id, by: .host)
    _ = try await rig.kernel.enableOwner(owner.id, by: .host)
    let id = try await rig.key { $0.expiry = .after(.seconds(86_400 * 40)) }.stored.key.id
    var rename = KeyEdit()
    rename.name = "other"
    _ = try await rig.kernel.updateKey(id, rename, by: .host)
    for _ in 0..<2 {
      _ = try await rig.kernel.rotateToken(id, Rotation(overlap: .seconds(60)), by: .host)
      _ = try await rig.kernel.cancelRotation(id, by: .host)
    }
    _ = try await rig.kernel.rotateToken(id, Rotation(overlap: .seconds(60)), by: .host)
    _ = try await rig.kernel.completeRotation(id, by: .host)
    _ = try await rig.kernel.suspendKey(id, by: .host)
    _ = try await rig.kernel.reactivateKey(id, by: .host)
    for _ in 0..<2 {
      rig.clock.advance(.seconds(86_400 * 35))
      try await rig.kernel.sweep()
    }
    _ = try await rig.kernel.revokeKey(id, by: .host)
    await rig.kernel.drain()
    _ = try await rig.kernel.purgeKey(id, by: .host)
    await rig.kernel.drain()
    #expect(durable.all == live.all)
    #expect(Set(durable.all).count == 15, "all but hash_upgraded: \(Set(durable.all).sorted())")
    subscription.cancel()
  }

  @Test func aNewCursorBeginsAtTheEndAndAnOldOneWhereItStood() async throws {
    let store = MemoryStore()
    let clock = HandClock()
    let seen = Collected<String>()
    do {
      let rig = try await Rig(store: store, clock: clock)
      _ = try await rig.key("before")
      _ = await subscribe(rig) { [self] in seen.append(name($0)) }
      _ = try await rig.key("first")
      await rig.kernel.drain()
      await rig.kernel.shutdown()
    }
    do {
      let rig = try await Rig(store: store, clock: clock)
      _ = try await rig.key("meanwhile")
      await rig.kernel.shutdown()
    }
    let rig = try await Rig(store: store, clock: clock)
    _ = await subscribe(rig) { [self] in seen.append(name($0)) }
    _ = try await rig.key("last")
    await rig.kernel.drain()
    #expect(seen.all == ["first", "meanwhile", "last"])
  }

  @Test func aRegisteredListenerHasItsCursorBeforeTheFirstChange() async throws {
    struct Mailer: SignalListener {
      let id = "listener.mailer"
      let delivery = Delivery<KeyCreated>.durable(cursor: "mailer")
      let seen: Collected<String>
      func receive(_ signal: KeyCreated) { seen.append(signal.key.name) }
    }
    let seen = Collected<String>()
    let rig = try await Rig(plugins: { $0.use(Mailer(seen: seen)) })
    #expect(try await rig.kernel.subscriptions().map(\.name) == ["mailer"])
    _ = try await rig.key("first")
    await rig.kernel.drain()
    #expect(seen.all == ["first"])
  }

  /// Whatever a listener of the last run is still at, or hangs in, nobody waits for it.
  @Test func aListenerThatHangsKeepsNoKernelFromStarting() async throws {
    struct Mailer: SignalListener {
      let id = "listener.mailer"
      let delivery = Delivery<KeyCreated>.durable(cursor: "mailer")
      let began: DispatchSemaphore
      let goesOn: DispatchSemaphore
      func receive(_ signal: KeyCreated) {
        began.signal()
        goesOn.wait()
      }
    }
    let store = MemoryStore()
    let (began, goesOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let first = try await Rig(
      store: store, plugins: { $0.use(Mailer(began: began, goesOn: goesOn)) })
    _ = try await first.key()
    await wait(for: began)
    // It was killed in the middle of a delivery, a while ago.
    first.clock.advance(.seconds(3_600))
    let next = try await Rig(
      store: store, clock: first.clock, plugins: { $0.use(Mailer(began: began, goesOn: goesOn)) })
    await wait(for: began)
    _ = try await next.key("another")
    for _ in 0..<4 { goesOn.signal() }
    for rig in [first, next] { await rig.kernel.shutdown() }
  }

  /// What other processes and changes in bulk write waits no less than what this kernel writes one by one.
  @Test func whatWaitsIsCountedWhoeverWroteIt() async throws {
    let group = NodeGroup()
    let other = try await Rig(store: NodeStore(group)) { $0.lease = .milliseconds(20) }
    let rig = try await Rig(store: NodeStore(group)) { $0.lease = .milliseconds(20) }
    let goesOn = DispatchSemaphore(value: 0)
    let began = DispatchSemaphore(value: 0)
    let subscription = rig.kernel.signals.subscribe(
      AnySignal.self, id: "listener.mail", .durable(cursor: "mail")
    ) { _ in
      began.signal()
      goesOn.wait()
    }
    await rig.kernel.drain()
    var waiting: Int { rig.kernel.figures().subscriptions.compactMap(\.waiting).max() ?? 0 }
    for number in 0..<3 { _ = try await other.key("k\(number)") }
    await wait(for: began)
    for _ in 0..<1_000 where waiting < 3 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(waiting == 3)
    let query = KeyQuery(now: rig.kernel.clock.now())
    let keys = try await rig.kernel.select(query, for: .suspend)
    let report = await rig.kernel.change(keys, .suspend, matching: query, by: .host)
    #expect(report.changed == 3)
    #expect(waiting == 6)
    for _ in 0..<12 { goesOn.signal() }
    await rig.kernel.drain()
    #expect(waiting == 0)
    _ = subscription
    for rig in [other, rig] { await rig.kernel.shutdown() }
  }

  @Test func aFailureIsTriedAgainLaterAndHoldsUpWhatFollows() async throws {
    let rig = try await Rig()
    let calls = Collected<String>()
    let fails = Locked(true)
    _ = await subscribe(rig, attempts: 5) { [self] in
      calls.append(name($0))
      if fails.withLock({ $0 }) { throw Refusal() }
    }
    _ = try await rig.key("a")
    _ = try await rig.key("b")
    await rig.kernel.drain()
    #expect(calls.all == ["a"], "not tried again before its time")
    rig.clock.advance(.milliseconds(999))
    await rig.kernel.drain()
    #expect(calls.all.count == 1)
    rig.clock.advance(.milliseconds(1))
    await rig.kernel.drain()
    #expect(calls.all == ["a", "a"])
    rig.clock.advance(.seconds(1))
    await rig.kernel.drain()
    #expect(calls.all.count == 2, "the second wait is twice as long")
    fails.withLock { $0 = false }
    rig.clock.advance(.seconds(1))
    await rig.kernel.drain()
    #expect(calls.all == ["a", "a", "a", "b"])
    #expect(try await rig.kernel.deadLetters().isEmpty)
  }

  @Test func whatKeepsFailingBecomesADeadLetterAndCanBeReplayed() async throws {
    let rig = try await Rig()
    let seen = Collected<String>()
    let reports = Collected<String>()
    let fails = Locked(true)
    rig.kernel.signals.subscribe(
      ListenerFailed.self, id: "listener.reports", .queue(bound: 100, overflow: .dropNewest)
    ) { reports.append("\($0.listener) \($0.failure.rawValue) \($0.count)") }
    _ = await subscribe(rig, attempts: 2) { [self] signal in
      if name(signal) == "bad", fails.withLock({ $0 }) { throw DeliveryFailure("HTTP 503") }
      seen.append(name(signal))
    }
    let bad = try await rig.key("bad")
    _ = try await rig.key("good")
    await rig.kernel.drain()
    rig.clock.advance(.seconds(1))
    await rig.kernel.drain()
    #expect(seen.all == ["good"])
    let letters = try await rig.kernel.deadLetters()
    #expect(letters.map(\.subscription) == ["mail"])
    #expect(letters.map(\.signal) == ["key_created"])
    #expect(letters.map(\.prefix) == [bad.stored.key.prefix])
    #expect(letters.map(\.attempts) == [2])
    #expect(letters.map(\.reason) == ["HTTP 503"])
    #expect(
      reports.all == [
        "listener.mail threw 1", "listener.mail threw 2", "listener.mail buried 1",
      ])

    #expect(try await rig.kernel.replayDeadLetters(of: "mail") == 1)
    await rig.kernel.drain()
    #expect(try await rig.kernel.deadLetters().map(\.attempts) == [3], "it failed again")
    fails.withLock { $0 = false }
    #expect(try await rig.kernel.replayDeadLetters(position: letters.first?.position) == 1)
    await rig.kernel.drain()
    #expect(seen.all == ["good", "bad"])
    #expect(try await rig.kernel.deadLetters().isEmpty)
  }

  @Test func thePlainErrorOfAListenerIsNamedByItsTypeOnly() async throws {
    struct Talkative: Error { let text = "password=hunter2" }
    let rig = try await Rig()
    _ = await subscribe(rig, attempts: 1) { _ in throw Talkative() }
    _ = try await rig.key()
    await rig.kernel.drain()
    #expect(try await rig.kernel.deadLetters().map(\.reason) == ["Talkative"])
  }

  @Test func whatWasPurgedIsPassedOver() async throws {
    let rig = try await Rig()
    let seen = Collected<String>()
    let fails = Locked(true)
    _ = await subscribe(rig, attempts: 1) { signal in
      if fails.withLock({ $0 }) { throw Refusal() }
      seen.append(signal.name)
    }
    let id = try await rig.key("personal").stored.key.id
    await rig.kernel.drain()
    _ = try await rig.kernel.purgeKey(id, by: .host)
    fails.withLock { $0 = false }
    _ = try await rig.kernel.replayDeadLetters()
    _ = try await rig.key("next")
    await rig.kernel.drain()
    #expect(!seen.all.contains("key_created") || seen.all.count { $0 == "key_created" } == 1)
    #expect(try await rig.kernel.deadLetters().allSatisfy { $0.signal == "key_purged" })
  }

  @Test func ofSeveralProcessesOneDelivers() async throws {
    let store = MemoryStore()
    let clock = HandClock()
    let first = try await Rig(store: store, clock: clock)
    let second = try await Rig(store: store, clock: clock)
    let seen = Collected<String>()
    _ = await subscribe(first) { [self] in seen.append("1 \(name($0))") }
    _ = await subscribe(second) { [self] in seen.append("2 \(name($0))") }
    _ = try await first.key("a")
    await first.kernel.drain()
    await second.kernel.drain()
    #expect(seen.all == ["1 a"])
    // It dies without a word; the other goes on once the claim has run out.
    _ = try await second.key("b")
    await second.kernel.drain()
    #expect(seen.all == ["1 a"])
    clock.advance(.seconds(10))
    await second.kernel.drain()
    #expect(seen.all == ["1 a", "2 b"])
    // Shut down in order, it gives the subscription back at once.
    _ = try await first.key("c")
    await second.kernel.shutdown()
    await first.kernel.drain()
    #expect(seen.all == ["1 a", "2 b", "2 c"] || seen.all == ["1 a", "2 b", "1 c"])
    _ = try await first.key("d")
    await first.kernel.drain()
    #expect(seen.all.last == "1 d")
  }

  @Test func aSubscriptionThatIsCancelledKeepsItsPlace() async throws {
    let rig = try await Rig()
    let seen = Collected<String>()
    let subscription = await subscribe(rig) { [self] in seen.append(name($0)) }
    _ = try await rig.key("a")
    await rig.kernel.drain()
    subscription.cancel()
    _ = try await rig.key("b")
    await rig.kernel.drain()
    #expect(seen.all == ["a"])
    rig.clock.advance(.seconds(10))
    _ = await subscribe(rig) { [self] in seen.append(name($0)) }
    await rig.kernel.drain()
    #expect(seen.all == ["a", "b"])
  }

  @Test func aStoreWithoutCursorsIsAFaultOfTheConfiguration() async throws {
    struct Mailer: SignalListener {
      let id = "listener.mailer"
      let delivery = Delivery<AnySignal>.durable(cursor: "mailer")
      func receive(_ signal: AnySignal) {}
    }
    do {
      _ = try await Rig(store: CountingStore(MemoryStore()), plugins: { $0.use(Mailer()) })
      Issue.record("the kernel was built")
    } catch {
      let faults = (error as? ConfigurationFaults)?.faults ?? []
      #expect(faults.map(\.plugin) == ["listener.mailer"])
    }
    let rig = try await Rig(store: CountingStore(MemoryStore()))
    let reports = Collected<String>()
    rig.kernel.signals.subscribe(
      ListenerFailed.self, id: "listener.reports", .queue(bound: 100, overflow: .dropNewest)
    ) { reports.append($0.failure.rawValue) }
    rig.kernel.signals.subscribe(
      KeyCreated.self, id: "listener.late", .durable(cursor: "late")
    ) { _ in }
    await rig.kernel.drain()
    #expect(reports.all == ["undeliverable"])
  }

  @Test(arguments: ["queue", "inline", "durable"])
  // S2
  func aListenerThatHangsIsReportedOncePerSignalAndDelaysNobody(_ kind: String) async throws {
    let rig = try await Rig()
    let reports = Collected<String>()
    let began = AsyncStream<Void>.makeStream()
    let release = DispatchSemaphore(value: 0)
    rig.kernel.signals.subscribe(
      ListenerFailed.self, id: "listener.reports", .queue(bound: 100, overflow: .dropNewest)
    ) { reports.append("\($0.listener) \($0.failure.rawValue)") }
    let delivery: Delivery<KeyCreated> =
      switch kind {
      case "queue": .queue(bound: 10, overflow: .dropOldest)
      case "inline": .inline
      default: .durable(cursor: "hangs")
      }
    rig.kernel.signals.subscribe(KeyCreated.self, id: "listener.hangs", delivery) { _ in
      began.continuation.yield()
      release.wait()
    }
    await rig.kernel.drain()
    let change = Task { try await rig.key("k") }
    for await _ in began.stream { break }
    rig.kernel.signals.reportHung(after: .seconds(30))
    #expect(reports.all.isEmpty)
    rig.clock.advance(.seconds(31))
    #expect(
      await rig.verdict(Secret("tok_ab12CD34:x".utf8)).denial != nil, "verdicts go on")
    rig.kernel.signals.reportHung(after: .seconds(30))
    rig.kernel.signals.reportHung(after: .seconds(30))
    release.signal()
    _ = try await change.value
    await rig.kernel.drain()
    #expect(reports.all == ["listener.hangs hung"])
  }
}
