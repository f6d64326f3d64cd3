import CardeaContracts
import CardeaTestSupport
import Dispatch
import Testing

@testable import CardeaKernel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Verdicts for who must not suspend: there at once, or when they are decided and recorded.
@Suite struct PromptVerdictTests {
  private struct Refusal: Error {}

  /// Answers on a queue of its own.
  private final class QueueSink: AsyncAuditSink {
    let id: String
    let queue = DispatchQueue(label: "audit.queued")
    let events = Collected<AccessEvent>()
    let fails = Locked(false)
    let isClosed = Locked(false)
    let asked = Locked(0)

    init(_ id: String = "audit.queued") { self.id = id }

    func close() async { isClosed.withLock { $0 = true } }

    func record(_ event: AccessEvent) async throws { try keep(event) }

    func record(
      _ event: AccessEvent, then done: @escaping @Sendable ((any Error)?) -> Void
    ) {
      asked.withLock { $0 += 1 }
      queue.async { [self] in
        do {
          try keep(event)
          done(nil)
        } catch { done(error) }
      }
    }

    private func keep(_ event: AccessEvent) throws {
      if fails.withLock({ $0 }) { throw Refusal() }
      events.append(event)
    }
  }

  /// Need not be waited for.
  private final class QuickSink: AuditSink {
    let id: String
    let events = Collected<AccessEvent>()
    let fails = Locked(false)

    init(_ id: String = "audit.quick") { self.id = id }

    func record(_ events: [AccessEvent]) throws {
      if fails.withLock({ $0 }) { throw Refusal() }
      for event in events { self.events.append(event) }
    }
  }

  /// Counts how often it was asked, and may have something done then.
  private final class CountingPolicy: Policy {
    let id = "test.counting"
    let stage = PolicyStage.afterVerification
    private let state = Locked(State())

    private struct State {
      var count = 0
      var next: (@Sendable () -> Void)?
    }

    var count: Int { state.withLock { $0.count } }

    func thenOnce(_ next: @escaping @Sendable () -> Void) { state.withLock { $0.next = next } }

    func evaluate(_ context: PolicyContext) -> PolicyDecision {
      let next = state.withLock { state in
        state.count += 1
        defer { state.next = nil }
        return state.next
      }
      next?()
      return .within([
        LimitState(
          name: "test", quota: 9, window: .seconds(60), remaining: 8, resetsAfter: .seconds(6))
      ])
    }
  }

  /// Lets nobody pass before it is told to.
  private final class HeldPolicy: AsyncPolicy {
    let id = "test.held"
    let deadline = Duration.seconds(60)
    private let asked = AsyncStream<Void>.makeStream()
    private let gate = AsyncStream<Void>.makeStream()

    func isAsked() async { for await _ in asked.stream {} }

    func letGo() { gate.continuation.finish() }

    func evaluate(_ context: PolicyContext) async -> PolicyDecision {
      asked.continuation.finish()
      for await _ in gate.stream {}
      return .pass
    }
  }

  private let loop = DispatchQueue(label: "loop")

  /// The verdict; what was pending is given out on ``loop``.
  private func verdict(_ rig: Rig, _ call: Call) async -> Verdict {
    switch rig.kernel.authenticatePromptly(call) {
    case .settled(let verdict): return verdict
    case .pending(let pending):
      return await withCheckedContinuation { continuation in
        pending.settle(resuming: { [loop] in loop.async(execute: $0) }) { [loop] in
          dispatchPrecondition(condition: .onQueue(loop))
          continuation.resume(returning: $0)
        }
      }
    }
  }

  private struct WaitsForNothing: Error {}

  /// Has a verdict settled; where it stands once it is given out.
  private func settling(_ rig: Rig, _ token: Secret) throws -> Locked<Verdict?> {
    let given = Locked<Verdict?>(nil)
    guard case .pending(let pending) = rig.kernel.authenticatePromptly(Call(token)) else {
      throw WaitsForNothing()
    }
    pending.settle(resuming: { [loop] in loop.async(execute: $0) }) { verdict in
      given.withLock { $0 = verdict }
    }
    return given
  }

  private func rig(
    _ sinks: QueueSink..., quick: QuickSink? = nil,
    configure: (inout KernelConfiguration) -> Void = { _ in }
  ) async throws -> Rig {
    try await Rig(configure: configure) {
      for sink in sinks { $0.use(sink) }
      if let quick { $0.use(quick) }
    }
  }

  @Test func waitForTheSinkAndNotForTheStore() async throws {
    let (sink, quick) = (QueueSink(), QuickSink())
    let rig = try await rig(sink, quick: quick)
    let issued = try await rig.key()
    #expect(await verdict(rig, Call(issued.token)).identity != nil)
    sink.queue.suspend()
    let given = try settling(rig, issued.token)
    loop.sync {}
    #expect(given.withLock { $0 } == nil && quick.events.all.count == 1)
    sink.queue.resume()
    sink.queue.sync {}
    loop.sync {}
    #expect(given.withLock { $0 }?.identity != nil)
    #expect(await verdict(rig, Call([])).denial?.reason == .missing)
    #expect(sink.events.all.map(\.reason) == [nil, nil, .missing])
    #expect(quick.events.all.map(\.reason) == [nil, nil, .missing])
  }

  /// Without anybody to wait for, only what memory can't decide is pending.
  @Test func waitForTheStoreAlone() async throws {
    let quick = QuickSink()
    let rig = try await rig(quick: quick)
    let issued = try await rig.key()
    let given = try settling(rig, issued.token)
    while given.withLock({ $0 }) == nil { await Task.yield() }
    #expect(given.withLock { $0 }?.identity != nil)
    guard case .settled(let verdict) = rig.kernel.authenticatePromptly(Call(issued.token)) else {
      throw WaitsForNothing()
    }
    #expect(verdict.identity != nil)
    #expect(quick.events.all.map(\.reason) == [nil, nil])
  }

  /// A flood is over before anybody is waited for; a token that was right is not part of it.
  @Test func ofAFloodAreThereAtOnce() async throws {
    let rig = try await Rig()
    let issued = try await rig.key()
    let prefix = issued.stored.key.prefix
    #expect(await verdict(rig, Call(issued.token)).identity != nil)
    for _ in 0..<10 { _ = await verdict(rig, Call(try wrongToken(prefix))) }
    guard case .settled(let refused) = rig.kernel.authenticatePromptly(Call(try wrongToken(prefix)))
    else { throw WaitsForNothing() }
    #expect(refused.denial?.reason == .rateLimited)
    rig.kernel.stamps.changed(prefix: prefix, owner: nil)
    #expect(await verdict(rig, Call(issued.token)).identity != nil)
  }

  /// A key changes while policies look at what memory knows of it: what they have counted stays counted.
  @Test func areCountedOnceThoughTheKeyChanges() async throws {
    let counting = CountingPolicy()
    let rig = try await Rig(configure: { _ in }) { $0.use(counting) }
    let issued = try await rig.key()
    #expect(await verdict(rig, Call(issued.token)).identity != nil)
    #expect(counting.count == 1)
    counting.thenOnce { [kernel = rig.kernel] in
      kernel.stamps.changed(prefix: issued.stored.key.prefix, owner: nil)
    }
    #expect(await verdict(rig, Call(issued.token)).identity != nil)
    #expect(counting.count == 2)
  }

  /// Nobody suspends for it, and yet the kernel waits until it is recorded.
  @Test func areRecordedBeforeTheKernelHasShutDown() async throws {
    let (sink, policy) = (QueueSink(), HeldPolicy())
    let rig = try await Rig(configure: { _ in }) {
      $0.use(sink)
      $0.use(policy)
    }
    let given = try settling(rig, try await rig.key().token)
    await policy.isAsked()
    async let end: Void = rig.kernel.shutdown()
    try await Task.sleep(for: .milliseconds(50))
    #expect(!sink.isClosed.withLock { $0 } && given.withLock { $0 } == nil)
    policy.letGo()
    await end
    #expect(sink.isClosed.withLock { $0 })
    #expect(sink.events.all.map(\.reason) == [nil])
    #expect(given.withLock { $0 }?.identity != nil)
  }

  /// V2: what waits for a sink for longer than its lease is looked at again. Another process has changed the key meanwhile,
  /// or nobody confirms any more that none has.
  @Test(arguments: [false, true], [false, true])
  func letNobodyInAfterTheirLease(_ isRevoked: Bool, _ isOver: Bool) async throws {
    let (store, sink) = (SharedCountingStore(), QueueSink())
    let rig = try await Rig(store: store, configure: { $0.lease = .seconds(60) }) { $0.use(sink) }
    let issued = try await rig.key()
    let token = try #require(await rig.verdict(issued.token).identity).token
    sink.queue.suspend()
    let given = try settling(rig, issued.token)
    if isOver { rig.clock.advance(.seconds(60)) }
    if isRevoked {
      store.tell(
        LogMark(
          position: 1000, signal: "key_revoked", prefix: issued.stored.key.prefix, ownerID: nil))
      while rig.kernel.isTrusted(token, readBegan: nil) { rig.kernel.lease?.wake() }
    }
    sink.queue.resume()
    while given.withLock({ $0 }) == nil { await Task.yield() }
    let verdict = given.withLock { $0 }
    #expect((verdict?.identity == nil) == isOver)
    #expect(verdict?.denial?.reason == (isOver ? .storeUnavailable : nil))
    sink.queue.sync {}
    #expect(sink.events.all.map(\.reason) == [nil, nil] + (isOver ? [.storeUnavailable] : []))
    await rig.kernel.shutdown()
  }

  /// The same of what was read for it: a reading counts for a lease from when it began.
  @Test(arguments: [false, true]) func letNobodyInAfterTheirReading(_ isOver: Bool) async throws {
    let (store, sink) = (SharedCountingStore(), QueueSink())
    let rig = try await Rig(store: store, configure: { $0.lease = .seconds(60) }) { $0.use(sink) }
    rig.clock.advance(.seconds(10))
    let issued = try await rig.key()
    sink.queue.suspend()
    let given = try settling(rig, issued.token)
    while sink.asked.withLock({ $0 }) == 0 { await Task.yield() }
    rig.clock.advance(.seconds(isOver ? 60 : 59))
    rig.kernel.stamps.changed(prefix: issued.stored.key.prefix, owner: nil)
    sink.queue.resume()
    while given.withLock({ $0 }) == nil { await Task.yield() }
    #expect(given.withLock { $0 }?.denial?.reason == (isOver ? .storeUnavailable : nil))
    await rig.kernel.shutdown()
  }

  @Test func areDeniedIfASinkFails() async throws {
    let (first, second) = (QueueSink(), QueueSink("audit.other"))
    let rig = try await rig(first, second)
    let issued = try await rig.key()
    _ = await rig.verdict(issued.token)
    first.fails.withLock { $0 = true }
    let denial = await verdict(rig, Call(issued.token)).denial
    #expect(denial?.reason == .auditUnavailable && denial?.category == .unavailable)
    #expect(second.events.all.map(\.reason) == [nil, .auditUnavailable])
  }

  @Test func areGivenOutAnywayIfAnOperatorSaysSo() async throws {
    let sink = QueueSink()
    let rig = try await rig(sink) { $0.auditOnFailure = .allow }
    let issued = try await rig.key()
    _ = await rig.verdict(issued.token)
    sink.fails.withLock { $0 = true }
    #expect(await verdict(rig, Call(issued.token)).identity != nil)
    #expect(await verdict(rig, Call([])).denial?.reason == .missing)
  }

  /// What the sinks that took it hold is followed by what came of it, either way.
  @Test(arguments: [true, false]) func areCorrectedIfALaterSinkFails(_ isWarm: Bool) async throws {
    let (first, second, quick) = (QueueSink(), QueueSink("audit.other"), QuickSink())
    let rig = try await rig(first, second, quick: quick)
    let issued = try await rig.key()
    _ = await rig.verdict(issued.token)
    quick.fails.withLock { $0 = true }
    let denial =
      isWarm
      ? await verdict(rig, Call(issued.token)).denial : await rig.verdict(issued.token).denial
    #expect(denial?.reason == .auditUnavailable)
    for sink in [first, second] {
      #expect(sink.events.all.map(\.reason) == [nil, nil, .auditUnavailable])
    }
  }

  /// Each holds what came of it, whether its turn came before or after that of the one that fails.
  @Test(arguments: [true, false]) func areCorrectedIfASinkFailsThatIsWaitedFor(
    _ isWarm: Bool
  ) async throws {
    let sinks = [QueueSink("audit.first"), QueueSink("audit.failing"), QueueSink("audit.last")]
    let quick = QuickSink()
    let rig = try await rig(sinks[0], sinks[1], sinks[2], quick: quick)
    let issued = try await rig.key()
    _ = await rig.verdict(issued.token)
    sinks[1].fails.withLock { $0 = true }
    let denial =
      isWarm
      ? await verdict(rig, Call(issued.token)).denial : await rig.verdict(issued.token).denial
    #expect(denial?.reason == .auditUnavailable)
    #expect(sinks[0].events.all.map(\.reason) == [nil, nil, .auditUnavailable])
    #expect(sinks[1].events.all.map(\.reason) == [nil])
    #expect(sinks[2].events.all.map(\.reason) == [nil, .auditUnavailable])
    #expect(quick.events.all.map(\.reason) == [nil, .auditUnavailable])
  }

  /// Of those that need not be waited for, too; and once each, where what can't be recorded changes nothing.
  @Test(arguments: [KernelConfiguration.AuditOnFailure.deny, .allow])
  func areRecordedOnceByEverySinkThatDoesNotFail(
    _ rule: KernelConfiguration.AuditOnFailure
  ) async throws {
    let sinks = [QuickSink("audit.first"), QuickSink("audit.failing"), QuickSink("audit.last")]
    let rig = try await Rig(configure: { $0.auditOnFailure = rule }) { registry in
      for sink in sinks { registry.use(sink) }
    }
    let issued = try await rig.key()
    sinks[1].fails.withLock { $0 = true }
    let isAllowed = await rig.verdict(issued.token).identity != nil
    #expect(isAllowed == (rule == .allow))
    _ = await rig.kernel.authenticate(Call([]))
    let (first, last) = (sinks[0].events.all.map(\.reason), sinks[2].events.all.map(\.reason))
    switch rule {
    case .allow:
      #expect(first == [nil, .missing] && last == first)
    case .deny:
      #expect(first == [nil, .auditUnavailable, .missing, .auditUnavailable])
      #expect(last == [.auditUnavailable, .auditUnavailable])
    }
    #expect(sinks[1].events.all.isEmpty)
  }

  /// An owner for whom the host vouched: let in once every sink has it, unless an operator says otherwise. Of each sink
  /// that fails is told, and the end of a session is told whatever becomes of it.
  @Test(arguments: [KernelConfiguration.AuditOnFailure.deny, .allow])
  func ownersWithoutAKeyAreRecordedToo(_ rule: KernelConfiguration.AuditOnFailure) async throws {
    let (sink, quick) = (QueueSink(), QuickSink())
    let rig = try await rig(sink, quick: quick) { $0.auditOnFailure = rule }
    let (told, alarms, ends) = (Collected<UUID?>(), Collected<String>(), Collected<UUID?>())
    let signals = rig.kernel.signals
    signals.subscribe(UserLoggedIn.self, id: "in", .queue(bound: 10, overflow: .dropNewest)) {
      told.append($0.event.session)
    }
    signals.subscribe(UserLoggedOut.self, id: "out", .queue(bound: 10, overflow: .dropNewest)) {
      ends.append($0.event.session)
    }
    signals.subscribe(ListenerFailed.self, id: "alarms", .queue(bound: 10, overflow: .dropNewest)) {
      alarms.append($0.listener)
    }
    let (session, facts) = (UUID(), RequestFacts(Call([])))
    func isLetIn() async -> Bool {
      do {
        try await rig.kernel.recordLogIn(of: session, owner: "alice", request: facts)
        return true
      } catch { return false }
    }
    #expect(await isLetIn())
    for fails in [sink.fails, quick.fails] {
      fails.withLock { $0 = true }
      #expect(await isLetIn() == (rule == .allow))
      await rig.kernel.recordLogOut(
        of: session, keyID: nil, prefix: nil, owner: "alice", request: facts)
      fails.withLock { $0 = false }
    }
    await signals.drain()
    #expect(told.all == Array(repeating: session, count: rule == .allow ? 3 : 1))
    #expect(ends.all == [session, session])
    #expect(alarms.all == [sink.id, sink.id, quick.id, quick.id])
    #expect(sink.events.all.count == 3 && quick.events.all.count == 3)
  }
}
