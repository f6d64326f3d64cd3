import CardeaLifecycle
import CardeaMemoryStore
import CardeaTestSupport
import Foundation
import Testing

@testable import CardeaWebhooks

@Suite("Delivery of webhooks")
struct WebhookDeliveryTests {
  @Test func everySignalIsDeliveredInOrderAndOnce() async throws {
    let rig = try await WebhookRig()
    let id = try await rig.endpoint("a")
    for _ in 0..<3 { try await rig.change() }
    await rig.webhooks.drain()
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().map(\.position) == [2, 3, 4])
    let state = try await rig.state(id)
    #expect(state.waiting == 0)
    #expect(state.delivery.lastSuccessAt == rig.clock.now())
  }

  @Test func anEndpointGetsWhatHappensAfterItWasMade() async throws {
    let rig = try await WebhookRig()
    try await rig.change()
    _ = try await rig.endpoint("a")
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().isEmpty)
    try await rig.change()
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().map(\.position) == [3])
  }

  @Test func anEndpointGetsTheSignalsThatItAsksFor() async throws {
    let rig = try await WebhookRig()
    let id = try await rig.endpoint("a") { $0.signals = ["key_revoked"] }
    let key = try await rig.change().stored.key.id
    _ = try await rig.kernel.revokeKey(key, by: .host)
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().map(\.position) == [3])
    #expect(try await rig.state(id).waiting == 0)
  }

  /// The pauses grow, and after a day there is a last attempt and then a dead letter.
  @Test func aFailureIsTriedAgainForADay() async throws {
    let rig = try await WebhookRig()
    rig.endpoints.answer(500)
    let id = try await rig.endpoint("a")
    let began = rig.clock.now()
    try await rig.change()
    await rig.webhooks.drain()
    var pauses: [Int64] = []
    while let next = try await rig.state(id).delivery.nextAttemptAt {
      #expect(rig.endpoints.take().map(\.position) == [2])
      #expect(try await rig.state(id).deadLetters == 0)
      // A moment before nothing is sent.
      rig.clock.advance(to: Timestamp(milliseconds: next.milliseconds - 1))
      await rig.webhooks.drain()
      #expect(rig.endpoints.take().isEmpty)
      pauses.append(next.milliseconds - began.milliseconds - pauses.reduce(0, +))
      rig.clock.advance(to: next)
      await rig.webhooks.drain()
    }
    #expect(pauses.first == 5_000)
    #expect(zip(pauses, pauses.dropFirst().dropLast()).allSatisfy { $0 <= $1 })
    #expect(pauses.count > 10)
    #expect(rig.clock.now() == began.adding(.seconds(86_400)))
    #expect(rig.endpoints.take().map(\.position) == [2])
    let letters = try await rig.webhooks.deadLetters(id)
    #expect(letters.map(\.position) == [2])
    #expect(letters.first?.attempts == pauses.count + 1)
    #expect(letters.first?.reason == "HTTP 500")
    #expect(try await rig.state(id).waiting == 0)
  }

  @Test func aDeadLetterIsReplayedAndGoesOnceItIsTaken() async throws {
    let rig = try await WebhookRig { $0.retryFor = .seconds(1) }
    rig.endpoints.answer(500)
    let id = try await rig.endpoint("a")
    try await rig.change()
    await rig.webhooks.drain()
    rig.clock.advance(seconds: 1)
    await rig.webhooks.drain()
    #expect(try await rig.state(id).deadLetters == 1)
    let first = rig.endpoints.take()
    #expect(try await rig.webhooks.replay(id) == 1)
    await rig.webhooks.drain()
    #expect(try await rig.webhooks.deadLetters(id).map(\.attempts) == [3])
    #expect(try await rig.webhooks.deadLetters(id).map(\.isReplayed) == [false])
    rig.endpoints.answer(204)
    #expect(try await rig.webhooks.replay(id, position: 2) == 1)
    await rig.webhooks.drain()
    #expect(try await rig.state(id).deadLetters == 0)
    // It is the same delivery to the receiver.
    let ids = Set((first + rig.endpoints.take()).map { $0.header("webhook-id") })
    #expect(ids == ["msg_\(id.text)_2"])
  }

  /// One that the endpoint never takes holds nothing up.
  @Test func aSignalThatIsRefusedHoldsNoOtherUp() async throws {
    let rig = try await WebhookRig()
    rig.endpoints.answer { $0.position == 3 ? .status(400) : .status(200) }
    let id = try await rig.endpoint("a")
    for _ in 0..<4 { try await rig.change() }
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().map(\.position) == [2, 3, 4, 5])
    let state = try await rig.state(id)
    #expect(state.waiting == 0)
    #expect(state.delivery.retrying == 1)
    #expect(state.delivery.circuit(at: rig.clock.now()) == .closed)
    #expect(state.delivery.lastFailure?.status == 400)
    #expect(state.delivery.lastFailure?.position == 3)
  }

  @Test func anEndpointThatFailsIsNoOthersBusiness() async throws {
    let rig = try await WebhookRig()
    rig.endpoints.answer { $0.name == "a" ? .failed("no connection") : .status(200) }
    let bad = try await rig.endpoint("a")
    let good = try await rig.endpoint("b")
    for _ in 0..<20 { try await rig.change() }
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().filter { $0.name == "b" }.map(\.position) == Array(3...22))
    #expect(try await rig.state(good).waiting == 0)
    #expect(try await rig.state(bad).waiting == 16)
    #expect(try await rig.state(bad).delivery.lastFailure?.reason == "no connection")
  }

  /// After five failures in a row nothing is sent until the pause is over; then one delivery decides.
  @Test func theCircuitOpensAndCloses() async throws {
    let rig = try await WebhookRig()
    rig.endpoints.answer(503)
    let id = try await rig.endpoint("a")
    for _ in 0..<20 { try await rig.change() }
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().map(\.position) == [2, 3, 4, 5, 6])
    let open = try await rig.state(id)
    #expect(open.delivery.circuit(at: rig.clock.now()) == .open)
    #expect(open.delivery.consecutiveFailures == 5)
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().isEmpty)

    rig.clock.advance(to: try #require(open.delivery.nextAttemptAt))
    #expect(open.delivery.circuit(at: rig.clock.now()) == .halfOpen)
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().count == 1)
    let again = try await rig.state(id)
    #expect(again.delivery.circuit(at: rig.clock.now()) == .open)

    rig.endpoints.answer(200)
    rig.clock.advance(to: try #require(again.delivery.nextAttemptAt))
    rig.clock.advance(seconds: 60)
    await rig.webhooks.drain()
    #expect(Set(rig.endpoints.take().map(\.position)) == Set(2...21))
    let closed = try await rig.state(id)
    #expect(closed.delivery.circuit(at: rig.clock.now()) == .closed)
    #expect(closed.delivery.retrying == 0)
    #expect(closed.waiting == 0)
  }

  /// An endpoint that is gone for good piles nothing up: what waited a day is a dead letter, tried or not.
  @Test func whatWaitedForADayBehindAnOpenCircuitIsGivenUpOn() async throws {
    let rig = try await WebhookRig()
    rig.endpoints.answer(503)
    let id = try await rig.endpoint("a")
    for _ in 0..<250 { try await rig.change() }
    var rounds = 0
    repeat {
      await rig.webhooks.drain()
      rig.clock.advance(seconds: 7_200)
      rounds += 1
    } while try await rig.state(id).deadLetters == 0 && rounds < 100
    await rig.webhooks.drain()
    rig.clock.advance(seconds: 7_200)
    await rig.webhooks.drain()
    let state = try await rig.state(id)
    #expect(state.deadLetters == 250)
    #expect(state.waiting == 0)
    #expect(state.delivery.retrying == 0)
    #expect(rig.endpoints.take().count < 60)
    // And it is heard again when it comes back.
    rig.endpoints.answer(200)
    try await rig.change()
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().map(\.position) == [252])
  }

  /// What is to be tried again is kept in the store: the next process goes on where this one was.
  @Test func anotherProcessGoesOn() async throws {
    let store = MemoryStore()
    let rig = try await WebhookRig(store: store)
    rig.endpoints.answer { $0.position == 2 ? .status(500) : .status(200) }
    let id = try await rig.endpoint("a")
    for _ in 0..<2 { try await rig.change() }
    await rig.webhooks.drain()
    rig.clock.advance(seconds: 5)
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().map(\.position) == [2, 3, 2])
    let due = try #require(try await rig.state(id).delivery.nextAttemptAt)
    await rig.webhooks.stop()

    rig.endpoints.answer(200)
    let next = try await WebhookRig(store: store, clock: rig.clock, endpoints: rig.endpoints)
    try await next.change()
    await next.webhooks.drain()
    #expect(next.endpoints.take().map(\.position) == [4])
    #expect(due == rig.clock.now().adding(.seconds(10)))
    rig.clock.advance(to: due)
    await next.webhooks.drain()
    #expect(next.endpoints.take().map(\.position) == [2])
    #expect(try await next.state(id).delivery.retrying == 0)
  }

  @Test func ofTwoProcessesOneDelivers() async throws {
    let store = MemoryStore()
    let first = try await WebhookRig(store: store)
    let second = try await WebhookRig(
      store: store, clock: first.clock, endpoints: first.endpoints)
    _ = try await first.endpoint("a")
    for _ in 0..<5 { try await first.change() }
    async let one: Void = first.webhooks.drain()
    async let two: Void = second.webhooks.drain()
    _ = await (one, two)
    #expect(first.endpoints.take().map(\.position) == Array(2...6))
    // The first never said that it is gone; its claim runs out.
    try await second.change()
    first.clock.advance(seconds: 60)
    await second.webhooks.drain()
    #expect(second.endpoints.take().map(\.position) == [7])
  }

  /// Claims go by the time that all nodes share: a clock that is ahead takes nothing from anybody, and holds nothing
  /// for longer.
  @Test func aNodeWhoseClockIsHoursAheadDeliversNothingThatAnotherHolds() async throws {
    let (clock, early) = (HandClock(), HandClock())
    early.advance(seconds: 7_200)
    let group = NodeGroup(clock: clock)
    let first = try await WebhookRig(store: NodeStore(group), clock: clock)
    let second = try await WebhookRig(store: NodeStore(group), clock: early)
    _ = try await first.endpoint("a")
    try await first.change()
    await first.webhooks.drain()
    #expect(first.endpoints.take().map(\.position) == [2])
    try await second.change()
    await second.webhooks.drain()
    #expect(second.endpoints.take().isEmpty, "the first still holds it")
    clock.advance(seconds: 60)
    early.advance(seconds: 60)
    await second.webhooks.drain()
    #expect(second.endpoints.take().map(\.position) == [3])
    // Whoever was ahead is gone, and what it held is free after as long as any.
    try await first.change()
    await first.webhooks.drain()
    #expect(first.endpoints.take().isEmpty)
    clock.advance(seconds: 60)
    await first.webhooks.drain()
    #expect(first.endpoints.take().map(\.position) == [4])
    for rig in [first, second] { await rig.kernel.shutdown() }
  }

  @Test func oneThatIsDisabledGetsNothingAndLaterWhatItHasMissed() async throws {
    let rig = try await WebhookRig()
    let id = try await rig.endpoint("a")
    var edit = WebhookEdit()
    edit.isEnabled = false
    _ = try await rig.webhooks.update(id, edit, by: .host)
    try await rig.change()
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().isEmpty)
    edit.isEnabled = true
    _ = try await rig.webhooks.update(id, edit, by: .host)
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().map(\.position) == [3])
  }

  @Test func oneThatIsDeletedLeavesNothing() async throws {
    let store = MemoryStore()
    let rig = try await WebhookRig(store: store) { $0.retryFor = .seconds(1) }
    rig.endpoints.answer(500)
    let id = try await rig.endpoint("a")
    try await rig.change()
    await rig.webhooks.drain()
    rig.clock.advance(seconds: 1)
    await rig.webhooks.drain()
    #expect(try await rig.state(id).deadLetters == 1)
    try await rig.change()
    try await rig.webhooks.delete(id, by: .host)
    _ = rig.endpoints.take()
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().isEmpty)
    #expect(store.subscriptions().isEmpty)
    #expect(store.deadLetters(DeadLetterQuery()).isEmpty)
    #expect(store.pluginRecords("webhooks").isEmpty)
    #expect(store.pluginRecords("webhook_states").isEmpty)
    await #expect(throws: LifecycleError.notFound("webhook")) {
      try await rig.webhooks.delete(id, by: .host)
    }
  }

  /// A delivery that was under way when its endpoint went may write once more: that goes too.
  @Test func whatALateDeliveryLeavesIsRemoved() async throws {
    let store = MemoryStore()
    let rig = try await WebhookRig(store: store)
    let id = UUID()
    try store.put(PluginRecord(id: id, revision: 1, content: []), in: "webhook_states")
    _ = store.claim(
      SubscriptionClaim(
        name: "webhook.\(id.text)", holder: "late", now: rig.clock.now(), until: .latest, start: 0))
    await rig.webhooks.drain()
    #expect(store.pluginRecords("webhook_states").isEmpty)
    #expect(store.subscriptions().isEmpty)
  }

  /// What was purged says nothing any more.
  @Test func whatIsErasedIsPassedOver() async throws {
    let rig = try await WebhookRig()
    rig.endpoints.answer(500)
    let id = try await rig.endpoint("a")
    let key = try await rig.change().stored.key.id
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().map(\.position) == [2])
    _ = try await rig.kernel.purgeKey(key, by: .host)
    rig.endpoints.answer(200)
    rig.clock.advance(seconds: 60)
    await rig.webhooks.drain()
    #expect(!rig.endpoints.take().map(\.position).contains(2))
    #expect(try await rig.state(id).delivery.retrying == 0)
    #expect(try await rig.state(id).deadLetters == 0)
    #expect(try await rig.state(id).delivery.missed == 0)
  }

  @Test func asManyWaitToBeTriedAgainAsMay() async throws {
    let rig = try await WebhookRig()
    // Every second one is refused, so that the circuit stays closed.
    rig.endpoints.answer { $0.position % 2 == 0 ? .status(400) : .status(200) }
    let id = try await rig.endpoint("a")
    for _ in 0..<210 { try await rig.change() }
    await rig.webhooks.drain()
    let state = try await rig.state(id)
    #expect(state.delivery.retrying == WebhookState.mostRetries)
    #expect(state.waiting == 11)
    #expect(rig.endpoints.take().count == 199)
  }

  /// More endpoints hang than there are threads, and a claim runs out while its server waits for a thread: what the
  /// next server has delivered by then is not sent again.
  @Test func whatWaitsForItsTurnHoldsNoClaim() async throws {
    let store = MemoryStore()
    let first = try await WebhookRig(store: store)
    let second = try await WebhookRig(store: store, clock: first.clock)
    _ = try await first.endpoint("a")
    for _ in 0..<3 { try await first.change() }
    first.endpoints.beforeTurn {
      first.clock.advance(seconds: 60)
      await second.webhooks.drain()
    }
    await first.webhooks.drain()
    #expect(second.endpoints.take().map(\.position) == [2, 3, 4])
    #expect(first.endpoints.take().isEmpty)
  }

  /// A server that waited so long between two deliveries that another took over goes on where that one has come to.
  @Test func whoWaitedForAnotherTurnGoesOnWhereTheOtherHasCome() async throws {
    let store = MemoryStore()
    let first = try await WebhookRig(store: store)
    let second = try await WebhookRig(store: store, clock: first.clock)
    let id = try await first.endpoint("a")
    for _ in 0..<3 { try await first.change() }
    second.endpoints.answer { $0.position == 3 ? .status(500) : .status(204) }
    first.endpoints.beforeTurn {
      guard first.endpoints.count == 1 else { return }
      first.clock.advance(seconds: 60)
      await second.webhooks.drain()
      await second.webhooks.stop()
    }
    await first.webhooks.drain()
    #expect(first.endpoints.take().map(\.position) == [2])
    #expect(second.endpoints.take().map(\.position) == [3, 4])
    first.clock.advance(seconds: 10)
    await first.webhooks.drain()
    #expect(first.endpoints.take().map(\.position) == [3])
    #expect(try await first.state(id).delivery.retrying == 0)
  }

  /// The signature is of the moment at which it is sent, however long that took.
  @Test func whatIsSentIsSignedThen() async throws {
    let rig = try await WebhookRig()
    _ = try await rig.endpoint("a")
    try await rig.change()
    rig.endpoints.beforeTurn { rig.clock.advance(seconds: 600) }
    await rig.webhooks.drain()
    let sent = rig.endpoints.take()
    #expect(
      sent.map { $0.header("webhook-timestamp") } == ["\(rig.clock.now().milliseconds / 1_000)"])
  }

  /// What was pruned before it was delivered is counted, whatever it had come to.
  @Test func whatWasPrunedIsMissed() async throws {
    let store = MemoryStore()
    let rig = try await WebhookRig(store: store) { $0.retryFor = .seconds(60) }
    rig.endpoints.answer { $0.position <= 3 ? .status(500) : .status(204) }
    let id = try await rig.endpoint("a") { $0.signals = ["key_created"] }
    for _ in 0..<2 { try await rig.change() }
    await rig.webhooks.drain()
    rig.clock.advance(seconds: 60)
    await rig.webhooks.drain()
    #expect(try await rig.state(id).deadLetters == 2)
    // One dead letter is to be replayed, one signal to be tried again, and one was never tried.
    rig.endpoints.answer(500)
    let revoked = try await rig.change().stored.key.id
    await rig.webhooks.drain()
    #expect(try await rig.state(id).delivery.retrying == 1)
    #expect(try await rig.webhooks.replay(id, position: 2) == 1)
    try await rig.disable(id)
    _ = try await rig.kernel.revokeKey(revoked, by: .host)
    try await rig.change()
    _ = store.pruneSignals(through: store.logHead().position, limit: .max)
    try await rig.disable(id, false)
    rig.endpoints.answer(204)
    _ = rig.endpoints.take()
    rig.clock.advance(seconds: 60)
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().isEmpty)
    let state = try await rig.state(id)
    #expect(state.delivery.missed == 3)
    #expect(state.deadLetters == 1)
    #expect(state.waiting == 0)
    #expect(rig.endpoints.results.count { $0 == .missed } == 3)
  }

  /// An endpoint that is gone for good keeps so many dead letters and no more.
  @Test func deadLettersAreBounded() async throws {
    let rig = try await WebhookRig { $0.retryFor = .seconds(1) }
    rig.endpoints.answer(500)
    let id = try await rig.endpoint("a")
    let most = WebhookState.mostDeadLetters
    for _ in 0..<most + 10 { try await rig.change() }
    for _ in 0..<10 {
      await rig.webhooks.drain()
      rig.clock.advance(seconds: 7_200)
    }
    let state = try await rig.state(id)
    #expect(state.waiting == 0)
    #expect(state.deadLetters == most)
    #expect(state.delivery.deadLettersDropped == 10)
    // The first ones of the log went.
    #expect(try await rig.webhooks.deadLetters(id, limit: 1).map(\.position) == [12])
    #expect(rig.endpoints.results.count { $0 == .dropped } == 10)
  }

  /// A record that can't be read is named, and is no reason to stop the others.
  @Test func anEndpointThatCantBeReadIsNamedAndStopsNobody() async throws {
    let store = MemoryStore()
    let rig = try await WebhookRig(store: store) { $0.maxEndpoints = 3 }
    let reports = Locked<[ListenerFailed]>([])
    rig.kernel.signals.subscribe(
      ListenerFailed.self, id: "test", .queue(bound: 10, overflow: .dropNewest)
    ) { report in reports.withLock { $0.append(report) } }
    let (broken, stateless) = (UUID(), try await rig.endpoint("b"))
    try store.put(PluginRecord(id: broken, revision: 1, content: [0]), in: "webhooks")
    try store.put(PluginRecord(id: stateless, revision: 1, content: [0]), in: "webhook_states")
    _ = try await rig.endpoint("a")
    try await rig.change()
    await rig.webhooks.drain()
    await rig.webhooks.drain()
    await rig.kernel.drain()
    #expect(rig.endpoints.take().map(\.position) == [3])
    let names = Set([broken, stateless].map { "webhook.\($0.text)" })
    #expect(Set(reports.withLock { $0.map(\.listener) }) == names)
    #expect(reports.withLock { $0.map(\.failure) } == [.undeliverable, .undeliverable])
    #expect(rig.endpoints.unreadable.count == 2 && Set(rig.endpoints.unreadable) == names)
    #expect(Set(try await rig.webhooks.unreadable()) == [broken, stateless])
    await #expect(throws: LifecycleError.self) { try await rig.endpoint("c") }
    // It can be removed, and that is all.
    await #expect(throws: LifecycleError.self) {
      try await rig.webhooks.rotateSecret(broken, by: .host)
    }
    for id in [broken, stateless] { try await rig.webhooks.delete(id, by: .host) }
    #expect(try await rig.webhooks.unreadable().isEmpty)
    #expect(!store.pluginRecords("webhook_states").contains { $0.id == stateless })
    #expect(store.log(after: 3, limit: 10).map(\.signal) == ["webhook_deleted", "webhook_deleted"])
  }

  /// An endpoint is tried out five times a minute, and the others then all the same.
  @Test func trialsAreLimited() async throws {
    let rig = try await WebhookRig()
    let (one, other) = (try await rig.endpoint("a"), try await rig.endpoint("b"))
    func isSent(_ id: UUID) async throws -> Bool {
      if case .answered = try await rig.webhooks.test(id) { true } else { false }
    }
    for _ in 0..<5 { #expect(try await isSent(one)) }
    guard case .limited(let wait) = try await rig.webhooks.test(one) else {
      Issue.record("it was sent")
      return
    }
    #expect(wait > .zero && wait <= .seconds(12))
    #expect(try await isSent(other))
    rig.clock.advance(seconds: 12)
    #expect(try await isSent(one))
    #expect(try await !isSent(one))
    #expect(rig.endpoints.take().count == 7)
  }
}
