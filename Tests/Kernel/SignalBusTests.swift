import CardeaLifecycle
import Dispatch
import Testing

@Suite struct SignalBusTests {
  /// A signal that a plugin declares itself.
  struct Ping: ChangeSignal {
    static let name = "ping"
    let number: Int
    var position: Int64?
    var at: Timestamp { Timestamp(milliseconds: 0) }
    var actor: String { "test" }
    init(_ number: Int) { self.number = number }
  }
  struct Refusal: Error {}

  @Test func aQueueGetsEverySignalInOrder() async {
    let bus = SignalBus()
    let seen = Collected<Int>()
    bus.subscribe(Ping.self, id: "a", .queue(bound: 10_000, overflow: .dropNewest)) {
      seen.append($0.number)
    }
    for number in 0..<5_000 { bus.publish(Ping(number)) }
    await bus.drain()
    #expect(seen.all == Array(0..<5_000))
  }

  @Test func inlineIsCalledBeforePublishReturns() {
    let bus = SignalBus()
    let seen = Collected<Int>()
    bus.subscribe(Ping.self, id: "a", .inline) { seen.append($0.number) }
    bus.publish(Ping(1))
    #expect(seen.all == [1])
  }

  @Test func nothingIsBuiltForNobody() {
    let bus = SignalBus()
    func make() -> Ping {
      Issue.record("built although nobody listens")
      return Ping(0)
    }
    bus.publish(make())
    #expect(!bus.hasSubscribers(Ping.self))
  }

  @Test(arguments: [Overflow.dropOldest, .dropNewest])
  func overflowIsCountedAndReported(_ overflow: Overflow) async {
    let bus = SignalBus()
    let gate = DispatchSemaphore(value: 0)
    let entered = DispatchSemaphore(value: 0)
    let seen = Collected<Int>()
    let failures = Collected<ListenerFailed>()
    bus.subscribe(ListenerFailed.self, id: "f", .queue(bound: 1_000, overflow: .dropNewest)) {
      failures.append($0)
    }
    bus.subscribe(Ping.self, id: "slow", .queue(bound: 3, overflow: overflow)) {
      entered.signal()
      gate.wait()
      seen.append($0.number)
    }
    bus.publish(Ping(0))
    await wait(for: entered)  // 0 is out of the mailbox and held
    for number in 1...5 { bus.publish(Ping(number)) }
    for _ in 0..<6 { gate.signal() }
    await bus.drain()
    #expect(seen.all == (overflow == .dropOldest ? [0, 3, 4, 5] : [0, 1, 2, 3]))
    #expect(failures.all.map(\.count) == [1, 2])
    #expect(failures.all.allSatisfy { $0.listener == "slow" && $0.failure == .overflowed })
  }

  @Test func aListenerThatThrowsIsReportedAndSilencesNobody() async {  // S1
    let bus = SignalBus()
    let seen = Collected<Int>()
    let failures = Collected<ListenerFailed>()
    bus.subscribe(ListenerFailed.self, id: "f", .queue(bound: 10, overflow: .dropNewest)) {
      failures.append($0)
    }
    bus.subscribe(Ping.self, id: "bad.queue", .queue(bound: 10, overflow: .dropNewest)) { _ in
      throw Refusal()
    }
    bus.subscribe(Ping.self, id: "bad.inline", .inline) { _ in throw Refusal() }
    bus.subscribe(Ping.self, id: "good", .queue(bound: 10, overflow: .dropNewest)) {
      seen.append($0.number)
    }
    bus.publish(Ping(1))
    bus.publish(Ping(2))
    await bus.drain()
    #expect(seen.all == [1, 2])
    #expect(Set(failures.all.map(\.listener)) == ["bad.queue", "bad.inline"])
    #expect(failures.all.count == 4)
  }

  @Test func aFailingListenerOfFailuresDoesNotGoRoundForEver() async {
    let bus = SignalBus()
    let calls = Collected<String>()
    bus.subscribe(ListenerFailed.self, id: "f", .queue(bound: 10, overflow: .dropNewest)) {
      calls.append($0.listener)
      throw Refusal()
    }
    bus.subscribe(Ping.self, id: "bad", .inline) { _ in throw Refusal() }
    bus.publish(Ping(1))
    await bus.drain()
    #expect(calls.all == ["bad"])
  }

  @Test func aListenerThatHangsHoldsItsOwnLaneOnly() async {  // S2
    let bus = SignalBus()
    let gate = DispatchSemaphore(value: 0)
    let finished = DispatchSemaphore(value: 0)
    let seen = Collected<Int>()
    bus.subscribe(Ping.self, id: "hangs", .queue(bound: 10, overflow: .dropOldest)) { _ in
      gate.wait()
    }
    bus.subscribe(Ping.self, id: "good", .queue(bound: 1_000, overflow: .dropOldest)) {
      seen.append($0.number)
      if $0.number == 99 { finished.signal() }
    }
    for number in 0..<100 { bus.publish(Ping(number)) }
    await wait(for: finished)
    #expect(seen.all == Array(0..<100))
    for _ in 0..<100 { gate.signal() }
    await bus.drain()
  }

  /// S2 with more hung and spinning listeners than cores: verdicts, changes and other listeners go on.
  @Test func listenersThatHangByTheDozenStopNothing() async throws {
    let rig = try await Rig()
    let over = Flag()
    let gate = DispatchSemaphore(value: 0)
    let seen = Collected<String>()
    for number in 0..<8 {
      rig.kernel.signals.subscribe(
        KeyCreated.self, id: "hangs.\(number)", .queue(bound: 10, overflow: .dropOldest)
      ) { _ in gate.wait() }
      rig.kernel.signals.subscribe(
        KeyCreated.self, id: "spins.\(number)", .queue(bound: 10, overflow: .dropOldest)
      ) { _ in while !over.isSet {} }
    }
    rig.kernel.signals.subscribe(KeyRevoked.self, id: "good", .inline) {
      seen.append($0.key.prefix)
    }
    let issued = try await rig.key()
    #expect(await rig.verdict(issued.token).identity != nil)
    _ = try await rig.kernel.revokeKey(issued.stored.key.id, by: .host)
    #expect(await rig.verdict(issued.token).denial?.reason == .revoked)
    #expect(seen.all == [issued.stored.key.prefix])
    over.set()
    for _ in 0..<8 { gate.signal() }
    await rig.kernel.drain()
  }

  @Test func aListenerWithMuchToDoDoesNotHang() async throws {  // S2
    let rig = try await Rig()
    let reports = Collected<String>()
    rig.kernel.signals.subscribe(
      ListenerFailed.self, id: "f", .queue(bound: 10, overflow: .dropNewest)
    ) { reports.append($0.listener) }
    // Each look finds it busy, each time with another signal.
    rig.kernel.signals.subscribe(KeyCreated.self, id: "busy", .inline) { [kernel = rig.kernel] _ in
      kernel.signals.reportHung(after: .seconds(30))
    }
    for _ in 0..<3 {
      _ = try await rig.key()
      rig.clock.advance(.seconds(31))
    }
    await rig.kernel.drain()
    #expect(reports.all.isEmpty)
  }

  /// Two commits may be told of their positions in any order; listeners are not.
  @Test func changesArriveInTheOrderOfTheLog() async throws {
    let rig = try await Rig()
    let id = try await rig.key().stored.key.id
    let positions = Collected<Int64>()
    rig.kernel.signals.subscribe(KeySuspended.self, id: "s", .inline) {
      positions.append($0.position ?? 0)
    }
    rig.kernel.signals.subscribe(KeyReactivated.self, id: "r", .inline) {
      positions.append($0.position ?? 0)
    }
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<200 {
            _ = try? await rig.kernel.suspendKey(id, by: .host)
            _ = try? await rig.kernel.reactivateKey(id, by: .host)
          }
        }
      }
    }
    #expect(positions.all == positions.all.sorted())
    #expect(positions.all.count > 100)
  }

  @Test func aListenerThatHangsDoesNotKeepTheKernelFromEnding() async throws {
    let rig = try await Rig()
    let gate = DispatchSemaphore(value: 0)
    rig.kernel.signals.subscribe(
      KeyCreated.self, id: "hangs", .queue(bound: 10, overflow: .dropOldest)
    ) { _ in gate.wait() }
    _ = try await rig.key()
    await rig.kernel.shutdown(within: .milliseconds(50))
    gate.signal()
  }

  @Test func dropsOfAListenerOfEverythingAreReported() async {
    let bus = SignalBus()
    let gate = DispatchSemaphore(value: 0)
    let failures = Collected<ListenerFailed>()
    bus.subscribe(ListenerFailed.self, id: "f", .queue(bound: 10, overflow: .dropNewest)) {
      failures.append($0)
    }
    bus.subscribe(AnySignal.self, id: "all", .queue(bound: 1, overflow: .dropNewest)) { _ in
      gate.wait()
    }
    for number in 0..<5 { bus.publish(Ping(number)) }
    for _ in 0..<5 { gate.signal() }
    await bus.drain()
    #expect(failures.all.count >= 3 && failures.all.allSatisfy { $0.listener == "all" })
  }

  @Test func aListenerMayEmitSubscribeAndUnsubscribeItself() async {  // S3
    let bus = SignalBus()
    let seen = Collected<Int>()
    let held = Locked<Subscription?>(nil)
    let subscription = bus.subscribe(Ping.self, id: "once", .inline) { signal in
      seen.append(signal.number)
      held.withLock { $0 }?.cancel()
      if signal.number == 1 { bus.publish(Ping(2)) }
    }
    held.withLock { $0 = subscription }
    bus.publish(Ping(1))
    bus.publish(Ping(3))
    #expect(seen.all == [1])
  }

  /// What only a listener held goes with its subscription, and may publish as it does.
  @Test(.timeLimit(.minutes(1))) func whatAListenerHeldMayPublishAsItGoes() {
    final class Farewell: Sendable {
      let bus: SignalBus
      init(_ bus: SignalBus) { self.bus = bus }
      deinit { bus.publish(Ping(2)) }
    }
    let bus = SignalBus()
    let seen = Collected<Int>()
    bus.subscribe(Ping.self, id: "a", .inline) { seen.append($0.number) }
    let subscription: Subscription
    do {
      let farewell = Farewell(bus)
      subscription = bus.subscribe(Ping.self, id: "b", .inline) { _ in _ = farewell.bus }
    }
    bus.publish(Ping(1))
    subscription.cancel()
    #expect(seen.all == [1, 2])
  }

  @Test func aStreamGivesWhatIsPublishedAfterIt() async {
    let bus = SignalBus()
    let stream = bus.stream(Ping.self)
    for number in 0..<10 { bus.publish(Ping(number)) }
    var seen: [Int] = []
    for await signal in stream {
      seen.append(signal.number)
      if seen.count == 10 { break }
    }
    #expect(seen == Array(0..<10))
  }

  @Test func aStreamThatIsNotReadIsBoundedAndReported() async {
    let bus = SignalBus()
    let failures = Collected<ListenerFailed>()
    bus.subscribe(ListenerFailed.self, id: "f", .queue(bound: 10, overflow: .dropNewest)) {
      failures.append($0)
    }
    let stream = bus.stream(Ping.self, bound: 2, overflow: .dropNewest)
    for number in 0..<4 { bus.publish(Ping(number)) }
    await bus.drain()
    #expect(failures.all.map(\.count) == [1, 2])
    var iterator = stream.makeAsyncIterator()
    #expect(await iterator.next()?.number == 0)
  }

  @Test func anyReceivesTheWholeCatalogueUnderItsWireNames() async throws {
    let rig = try await Rig()
    let names = Collected<String>()
    rig.kernel.signals.subscribe(
      AnySignal.self, id: "all", .queue(bound: 100, overflow: .dropNewest)
    ) { names.append($0.name) }
    let issued = try await rig.key { $0.owner = OwnerReference(name: "ada") }
    _ = await rig.verdict(issued.token)
    _ = await rig.kernel.authenticate(Call([]))
    await rig.kernel.drain()
    #expect(
      names.all == ["owner_created", "key_created", "user_logged_in", "authentication_failed"])
  }

  @Test func wireNamesAreWhatTheContractSays() {
    #expect(
      SignalCatalogue.all.map { $0.name } == [
        "owner_created", "owner_updated", "owner_disabled", "owner_enabled", "key_created",
        "key_updated", "token_rotated", "rotation_completed", "rotation_cancelled",
        "key_suspended", "key_reactivated", "key_revoked", "key_purged", "key_expired",
        "key_expiring", "hash_upgraded", "webhook_created", "webhook_updated", "webhook_deleted",
        "webhook_secret_rotated", "user_logged_in", "user_logged_out",
        "authentication_failed", "rate_limited", "listener_failed",
      ])
  }
}

/// Waits for a Dispatch semaphore without holding a thread of the cooperative pool.
func wait(for semaphore: DispatchSemaphore) async {
  await withCheckedContinuation { continuation in
    DispatchQueue.global().async {
      semaphore.wait()
      continuation.resume()
    }
  }
}
