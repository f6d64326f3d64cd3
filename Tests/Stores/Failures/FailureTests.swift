import CardeaLifecycle
import CardeaTestSupport
import Foundation
import Testing

/// D2: whichever call of the store fails, before or after its effect, every operation ends in the old or the new
/// state, with a truthful answer.
@Suite("D2: a store that fails") struct FailureTests {
  /// Each failure has a store of its own, of which PostgreSQL makes few a second: `CARDEA_FAILURES=all` takes it in.
  static let kinds =
    ProcessInfo.processInfo.environment["CARDEA_FAILURES"] == "all"
    ? StoreKind.allCases : [.memory, .sqlite]

  enum Operation: String, CaseIterable, Sendable {
    case create, createOnce, createWithOwner, update, rotate, rotateWithOverlap, complete, cancel
    case suspend, reactivate, revoke, purge, createOwner, updateOwner, disableOwner, enableOwner
    case bulkRotate, bulkSuspend, bulkReactivate, bulkRevoke, bulkPurge, sweep, importing
    case drain, prune, checkpoint, replay

    var bulkAction: BulkAction? {
      switch self {
      case .bulkRotate: .rotate
      case .bulkSuspend: .suspend
      case .bulkReactivate: .reactivate
      case .bulkRevoke: .revoke
      case .bulkPurge: .purge
      default: nil
      }
    }

    /// Whether it is of several transactions, each of which is done or not.
    var isOfParts: Bool {
      switch self {
      case .sweep, .importing, .drain, .prune: true
      default: bulkAction != nil
      }
    }

    /// Whether whoever does not know what became of it may just do it again.
    var isRepeatable: Bool {
      switch self {
      case .suspend, .reactivate, .revoke, .purge, .disableOwner, .enableOwner, .bulkSuspend,
        .bulkReactivate, .bulkRevoke, .bulkPurge, .sweep, .importing, .drain, .prune, .checkpoint,
        .replay:
        true
      default: false
      }
    }

    func run(_ world: FailureWorld) async throws {
      let kernel = world.kernel
      let id = world.key.stored.key.id
      let owner = world.owner.id
      switch self {
      case .create: _ = try await kernel.createKey(NewKey(name: "new"), by: .host)
      case .createOnce:
        var new = NewKey(name: "new")
        new.idempotency = IdempotencyClaim(key: "once", bodyDigest: [1])
        _ = try await kernel.createKey(new, by: .host)
      case .createWithOwner:
        var new = NewKey(name: "new")
        new.owner = OwnerReference(name: "somebody")
        _ = try await kernel.createKey(new, by: .host)
      case .update:
        var edit = KeyEdit()
        edit.name = "renamed"
        _ = try await kernel.updateKey(id, edit, by: .host)
      case .rotate: _ = try await kernel.rotateToken(id, by: .host)
      case .rotateWithOverlap:
        _ = try await kernel.rotateToken(id, Rotation(overlap: .seconds(60)), by: .host)
      case .complete: _ = try await kernel.completeRotation(id, by: .host)
      case .cancel: _ = try await kernel.cancelRotation(id, by: .host)
      case .suspend: _ = try await kernel.suspendKey(id, by: .host)
      case .reactivate: _ = try await kernel.reactivateKey(id, by: .host)
      case .revoke: _ = try await kernel.revokeKey(id, by: .host)
      case .purge: _ = try await kernel.purgeKey(id, by: .host)
      case .createOwner:
        var new = NewOwner(name: "new")
        new.firstKey = NewKey(name: "first")
        _ = try await kernel.createOwner(new, by: .host)
      case .updateOwner:
        var edit = OwnerEdit()
        edit.maxKeys = 7
        _ = try await kernel.updateOwner(owner, edit, by: .host)
      case .disableOwner: _ = try await kernel.disableOwner(owner, by: .host)
      case .enableOwner: _ = try await kernel.enableOwner(owner, by: .host)
      case .bulkRotate, .bulkSuspend, .bulkReactivate, .bulkRevoke, .bulkPurge:
        guard let action = bulkAction else { return }
        world.report.withLock { $0 = nil }
        var query = KeyQuery(now: world.clock.now())
        query.ownerID = owner
        let selected = try await kernel.select(query, for: action)
        let report = await kernel.change(selected, action, matching: query, by: .host)
        world.report.withLock { $0 = report }
        if let failure = report.failures.first { throw failure.error }
      case .sweep: try await kernel.sweep()
      case .importing: try await world.foreign.import(into: kernel)
      case .drain:
        await kernel.drainAccessLog()
        // It promises no more than that nothing is lost; what it left it has not moved.
        if !world.spool.isEmpty { throw LifecycleError.storeUnavailable("left in the spool") }
      case .prune: _ = try await kernel.pruneAudit(olderThan: .seconds(86_400))
      case .checkpoint: _ = try await kernel.checkpointAudit(.periodic)
      case .replay: _ = try await kernel.replayDeadLetters(of: "mail")
      }
    }

    /// What has to be the case before.
    func prepare(_ world: FailureWorld) async throws {
      let id = world.key.stored.key.id
      switch self {
      case .complete, .cancel:
        _ = try await world.kernel.rotateToken(id, Rotation(overlap: .seconds(60)), by: .host)
      case .reactivate: _ = try await world.kernel.suspendKey(id, by: .host)
      case .bulkReactivate: try await Operation.bulkSuspend.run(world)
      case .enableOwner: _ = try await world.kernel.disableOwner(world.owner.id, by: .host)
      case .sweep: world.clock.advance(seconds: 86_400 * 30)
      case .purge: await world.kernel.drainAccessLog()
      case .prune:
        await world.kernel.drainAccessLog()
        world.clock.advance(seconds: 86_400 * 30)
      case .replay:
        let subscription = world.kernel.signals.subscribe(
          KeyUpdated.self, id: "listener.refuses", .durable(cursor: "mail", attempts: 1)
        ) { _ in throw Refusal() }
        await world.kernel.drain()
        try await Operation.update.run(world)
        await world.kernel.drain()
        // What is to be replayed waits for a listener.
        subscription.cancel()
      default: break
      }
    }
  }

  private struct Refusal: Error {}

  @Test(arguments: kinds, Operation.allCases)
  func everyOperationEndsInTheOldOrTheNewState(
    _ kind: StoreKind, _ operation: Operation
  ) async throws {
    // What it does, and how many calls that takes, where nothing fails.
    let sound = try await FailureWorld(kind)
    try await operation.prepare(sound)
    let old = try await sound.state()
    sound.failure.stop()
    try await operation.run(sound)
    let calls = sound.failure.calls
    let new = try await sound.state()
    #expect(old != new && calls > 0)
    await sound.close()

    for call in 1...calls {
      for moment in PlannedFailure.Moment.allCases {
        let place: Comment = "call \(call) of \(calls) failed \(moment.rawValue) its effect"
        let world = try await FailureWorld(kind)
        try await operation.prepare(world)
        world.failure.fail(call: call, moment)
        var failure: LifecycleError?
        do { try await operation.run(world) } catch { failure = error as? LifecycleError }
        world.failure.stop()
        let state = try await world.state()
        if failure == nil {
          #expect(state == new, "done, it said; \(place)")
        } else {
          #expect(failure?.code == "store_unavailable", place)
          if operation.isOfParts {
            #expect(state.lies(between: old, and: new), place)
          } else {
            #expect(state == old || (moment == .after && state == new), place)
          }
        }
        if let report = world.report.withLock({ $0 }), operation.bulkAction != nil {
          let done = state.keysChanged(since: old)
          #expect(report.changed + report.unchanged + report.failed + report.notTried == 3, place)
          #expect(report.changed <= done, "\(report.changed) done, it said; \(place)")
          #expect(done <= report.changed + (moment == .after ? report.failed : 0), place)
        }
        try await requireNoStaleVerdict(world, place)
        #expect(try await world.kernel.verifyAudit().isIntact, place)
        try await requireTheSameAgain(operation, world, from: state, old: old, new: new, place)
        await world.close()
      }
    }
  }

  /// Where it was not done, or not wholly, it can be; where it was, doing it again does no harm.
  private func requireTheSameAgain(
    _ operation: Operation, _ world: FailureWorld, from state: FailureState, old: FailureState,
    new: FailureState, _ place: Comment
  ) async throws {
    if operation == .createOnce, state == new {
      // Who lost the answer is told which key there is, and gets no second one.
      await #expect(throws: LifecycleError.self, place) { try await operation.run(world) }
      #expect(try await world.state() == new, "twice; \(place)")
    } else if state == old || operation.isRepeatable {
      try await operation.run(world)
      #expect(try await world.state() == new, "again; \(place)")
      #expect(try await world.kernel.verifyAudit().isIntact, "again; \(place)")
    }
  }

  /// The kernel judges every token as one does that has just read the store.
  private func requireNoStaleVerdict(_ world: FailureWorld, _ place: Comment) async throws {
    let fresh = try await world.fresh()
    let here = await world.reason(of: world.key.token, world.kernel)
    #expect(await world.reason(of: world.key.token, fresh) == here, place)
    await fresh.shutdown()
  }

  /// Of a durable subscription every call fails once: what was committed comes all the same, in order, and what
  /// its listener refuses is buried once.
  @Test(arguments: kinds)
  func everySignalIsDeliveredAlthoughACursorFails(_ kind: StoreKind) async throws {
    var calls = 1
    var call = 0
    while call <= calls {
      for moment in PlannedFailure.Moment.allCases {
        let place: Comment = "call \(call) of \(calls) failed \(moment.rawValue) its effect"
        let world = try await FailureWorld(kind)
        let seen = Locked<[Int64]>([])
        let subscription = world.kernel.signals.subscribe(
          AnySignal.self, id: "listener.mail", .durable(cursor: "mail", attempts: 1)
        ) { signal in
          if let signal = signal.base as? any ChangeSignal {
            seen.withLock { $0.append(signal.position ?? 0) }
          }
          if signal.base is KeySuspended { throw Refusal() }
        }
        await world.kernel.drain()
        seen.withLock { $0 = [] }
        let start = try await world.base.logHead().position
        // By another kernel, so that only the deliveries' calls are counted.
        let other = try await world.fresh()
        for name in ["one", "two"] {
          let id = try await other.createKey(NewKey(name: name), by: .host).stored.key.id
          if name == "one" { _ = try await other.suspendKey(id, by: .host) }
        }
        await other.shutdown()
        world.failure.fail(call: call, moment)
        await world.kernel.drain()
        if call == 0 { calls = world.failure.calls }
        world.failure.stop()
        // Past the pause after which a listener that refused is asked again.
        world.clock.advance(seconds: 5)
        await world.kernel.drain()

        let head = try await world.base.logHead().position
        let positions = seen.withLock { $0 }
        #expect(Set(positions) == Set((start + 1)...head), place)
        var firsts: [Int64] = []
        for position in positions where !firsts.contains(position) { firsts.append(position) }
        #expect(firsts == firsts.sorted(), place)
        let records = try await world.base.subscriptions()
        #expect(
          records == [SubscriptionRecord(name: "mail", position: head, deadLetters: 1)], place)
        subscription.cancel()
        await world.close()
      }
      call += 1
    }
    #expect(calls > 5)
  }
}
