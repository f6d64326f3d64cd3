import CardeaKernel
import CardeaMemoryStore
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
    #expect(rig.endpoints.take().map(\.position) == [1, 2, 3])
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
    #expect(rig.endpoints.take().map(\.position) == [2])
  }

  @Test func anEndpointGetsTheSignalsThatItAsksFor() async throws {
    let rig = try await WebhookRig()
    let id = try await rig.endpoint("a") { $0.signals = ["key_revoked"] }
    let key = try await rig.change().stored.key.id
    _ = try await rig.kernel.revokeKey(key, by: .host)
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().map(\.position) == [2])
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
      #expect(rig.endpoints.take().map(\.position) == [1])
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
    #expect(rig.endpoints.take().map(\.position) == [1])
    let letters = try await rig.webhooks.deadLetters(id)
    #expect(letters.map(\.position) == [1])
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
    #expect(try await rig.webhooks.replay(id, position: 1) == 1)
    await rig.webhooks.drain()
    #expect(try await rig.state(id).deadLetters == 0)
    // It is the same delivery to the receiver.
    let ids = Set((first + rig.endpoints.take()).map { $0.header("webhook-id") })
    #expect(ids == ["msg_\(id.text)_1"])
  }

  /// One that the endpoint never takes holds nothing up.
  @Test func aSignalThatIsRefusedHoldsNoOtherUp() async throws {
    let rig = try await WebhookRig()
    rig.endpoints.answer { $0.position == 2 ? .status(400) : .status(200) }
    let id = try await rig.endpoint("a")
    for _ in 0..<4 { try await rig.change() }
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().map(\.position) == [1, 2, 3, 4])
    let state = try await rig.state(id)
    #expect(state.waiting == 0)
    #expect(state.delivery.retrying == 1)
    #expect(state.delivery.circuit(at: rig.clock.now()) == .closed)
    #expect(state.delivery.lastFailure?.status == 400)
    #expect(state.delivery.lastFailure?.position == 2)
  }

  @Test func anEndpointThatFailsIsNoOthersBusiness() async throws {
    let rig = try await WebhookRig()
    rig.endpoints.answer { $0.name == "a" ? .failed("no connection") : .status(200) }
    let bad = try await rig.endpoint("a")
    let good = try await rig.endpoint("b")
    for _ in 0..<20 { try await rig.change() }
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().filter { $0.name == "b" }.map(\.position) == Array(1...20))
    #expect(try await rig.state(good).waiting == 0)
    #expect(try await rig.state(bad).waiting == 15)
    #expect(try await rig.state(bad).delivery.lastFailure?.reason == "no connection")
  }

  /// After five failures in a row nothing is sent until the pause is over; then one delivery decides.
  @Test func theCircuitOpensAndCloses() async throws {
    let rig = try await WebhookRig()
    rig.endpoints.answer(503)
    let id = try await rig.endpoint("a")
    for _ in 0..<20 { try await rig.change() }
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().map(\.position) == [1, 2, 3, 4, 5])
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
    #expect(Set(rig.endpoints.take().map(\.position)) == Set(1...20))
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
    #expect(rig.endpoints.take().map(\.position) == [251])
  }

  /// What is to be tried again is kept in the store: the next process goes on where this one was.
  @Test func anotherProcessGoesOn() async throws {
    let store = MemoryStore()
    let rig = try await WebhookRig(store: store)
    rig.endpoints.answer { $0.position == 1 ? .status(500) : .status(200) }
    let id = try await rig.endpoint("a")
    for _ in 0..<2 { try await rig.change() }
    await rig.webhooks.drain()
    rig.clock.advance(seconds: 5)
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().map(\.position) == [1, 2, 1])
    let due = try #require(try await rig.state(id).delivery.nextAttemptAt)
    await rig.webhooks.stop()

    rig.endpoints.answer(200)
    let next = try await WebhookRig(store: store, clock: rig.clock, endpoints: rig.endpoints)
    try await next.change()
    await next.webhooks.drain()
    #expect(next.endpoints.take().map(\.position) == [3])
    #expect(due == rig.clock.now().adding(.seconds(10)))
    rig.clock.advance(to: due)
    await next.webhooks.drain()
    #expect(next.endpoints.take().map(\.position) == [1])
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
    #expect(first.endpoints.take().map(\.position) == Array(1...5))
    // The first never said that it is gone; its claim runs out.
    try await second.change()
    first.clock.advance(seconds: 60)
    await second.webhooks.drain()
    #expect(second.endpoints.take().map(\.position) == [6])
  }

  @Test func oneThatIsDisabledGetsNothingAndLaterWhatItHasMissed() async throws {
    let rig = try await WebhookRig()
    let id = try await rig.endpoint("a")
    var edit = WebhookEdit()
    edit.isEnabled = false
    _ = try await rig.webhooks.update(id, edit)
    try await rig.change()
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().isEmpty)
    edit.isEnabled = true
    _ = try await rig.webhooks.update(id, edit)
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().map(\.position) == [1])
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
    try await rig.webhooks.delete(id)
    _ = rig.endpoints.take()
    await rig.webhooks.drain()
    #expect(rig.endpoints.take().isEmpty)
    #expect(store.subscriptions().isEmpty)
    #expect(store.deadLetters(DeadLetterQuery()).isEmpty)
    #expect(store.pluginRecords("webhooks").isEmpty)
    #expect(store.pluginRecords("webhook_states").isEmpty)
    await #expect(throws: LifecycleError.notFound("webhook")) {
      try await rig.webhooks.delete(id)
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
    #expect(rig.endpoints.take().map(\.position) == [1])
    _ = try await rig.kernel.purgeKey(key, by: .host)
    rig.endpoints.answer(200)
    rig.clock.advance(seconds: 60)
    await rig.webhooks.drain()
    #expect(!rig.endpoints.take().map(\.position).contains(1))
    #expect(try await rig.state(id).delivery.retrying == 0)
    #expect(try await rig.state(id).deadLetters == 0)
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
    #expect(state.waiting == 10)
    #expect(rig.endpoints.take().count == 200)
  }
}
