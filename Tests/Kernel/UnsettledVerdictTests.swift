import CardeaContracts
import CardeaTestSupport
import Dispatch
import Testing

@testable import CardeaKernel

/// Verdicts that are reached at once, and given out when they are recorded.
@Suite struct UnsettledVerdictTests {
  private struct Refusal: Error {}

  /// Answers on a queue of its own.
  private final class QueueSink: AsyncAuditSink {
    let id: String
    let queue = DispatchQueue(label: "audit.queued")
    let events = Collected<AccessEvent>()
    let fails = Locked(false)

    init(_ id: String = "audit.queued") { self.id = id }

    func record(_ event: AccessEvent) async throws { try keep(event) }

    func record(
      _ event: AccessEvent, then done: @escaping @Sendable ((any Error)?) -> Void
    ) {
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

  private let loop = DispatchQueue(label: "loop")

  /// The verdict, `nil` if it is not reached at once; all that follows a sink's answer happens on ``loop``.
  private func verdict(_ rig: Rig, _ call: Call) async -> Verdict? {
    switch rig.kernel.decideIfWarm(call) {
    case .settled(let verdict)?: return verdict
    case .unsettled(let unsettled)?:
      return await withCheckedContinuation { continuation in
        unsettled.settle(resuming: { [loop] in loop.async(execute: $0) }) { [loop] in
          dispatchPrecondition(condition: .onQueue(loop))
          continuation.resume(returning: $0)
        }
      }
    case nil: return nil
    }
  }

  private struct WaitsForNothing: Error {}

  /// Has a verdict settled; where it stands once it is given out.
  private func settling(_ rig: Rig, _ token: Secret) throws -> Locked<Verdict?> {
    let given = Locked<Verdict?>(nil)
    guard case .unsettled(let unsettled)? = rig.kernel.decideIfWarm(Call(token)) else {
      throw WaitsForNothing()
    }
    unsettled.settle(resuming: { [loop] in loop.async(execute: $0) }) { verdict in
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
    #expect(await verdict(rig, Call(issued.token)) == nil, "the store has to be asked")
    #expect(sink.events.all.isEmpty)
    _ = await rig.verdict(issued.token)
    sink.queue.suspend()
    let given = try settling(rig, issued.token)
    loop.sync {}
    #expect(given.withLock { $0 } == nil && quick.events.all.count == 1)
    sink.queue.resume()
    sink.queue.sync {}
    loop.sync {}
    #expect(given.withLock { $0 }?.identity != nil)
    #expect(await verdict(rig, Call([]))?.denial?.reason == .missing)
    #expect(sink.events.all.map(\.reason) == [nil, nil, .missing])
    #expect(quick.events.all.map(\.reason) == [nil, nil, .missing])
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

  @Test func areDeniedIfASinkFails() async throws {
    let (first, second) = (QueueSink(), QueueSink("audit.other"))
    let rig = try await rig(first, second)
    let issued = try await rig.key()
    _ = await rig.verdict(issued.token)
    first.fails.withLock { $0 = true }
    let denial = await verdict(rig, Call(issued.token))?.denial
    #expect(denial?.reason == .auditUnavailable && denial?.category == .unavailable)
    #expect(second.events.all.map(\.reason) == [nil, .auditUnavailable])
  }

  @Test func areGivenOutAnywayIfAnOperatorSaysSo() async throws {
    let sink = QueueSink()
    let rig = try await rig(sink) { $0.auditOnFailure = .allow }
    let issued = try await rig.key()
    _ = await rig.verdict(issued.token)
    sink.fails.withLock { $0 = true }
    #expect(await verdict(rig, Call(issued.token))?.identity != nil)
    #expect(await verdict(rig, Call([]))?.denial?.reason == .missing)
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
      ? await verdict(rig, Call(issued.token))?.denial : await rig.verdict(issued.token).denial
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
      ? await verdict(rig, Call(issued.token))?.denial : await rig.verdict(issued.token).denial
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
}
