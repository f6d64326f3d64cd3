import CardeaKernel
import CardeaMemoryStore
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// D2: whichever call of the store fails, before or after its effect, every operation ends in the old or the new
/// state, with a truthful answer.
@Suite struct FailureTests {
  enum Operation: String, CaseIterable, Sendable {
    case create, createWithOwner, update, rotate, rotateWithOverlap, complete, cancel, suspend
    case reactivate, revoke, purge, createOwner, updateOwner, disableOwner, enableOwner, bulk, sweep

    func run(_ world: World) async throws {
      let kernel = world.rig.kernel
      let id = world.key.stored.key.id
      let owner = world.owner.id
      switch self {
      case .create: _ = try await kernel.createKey(NewKey(name: "new"), by: .host)
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
      case .bulk:
        var query = KeyQuery(now: world.rig.clock.now())
        query.ownerID = owner
        let selected = try await kernel.select(query, for: .revoke)
        let report = await kernel.change(selected, .revoke, matching: query, by: .host)
        if let failure = report.failures.first { throw failure.error }
      case .sweep: try await kernel.sweep()
      }
    }

    /// What has to be the case before.
    func prepare(_ world: World) async throws {
      let id = world.key.stored.key.id
      switch self {
      case .complete, .cancel:
        _ = try await world.rig.kernel.rotateToken(
          id, Rotation(overlap: .seconds(60)), by: .host)
      case .reactivate: _ = try await world.rig.kernel.suspendKey(id, by: .host)
      case .enableOwner: _ = try await world.rig.kernel.disableOwner(world.owner.id, by: .host)
      case .sweep: world.rig.clock.advance(.seconds(86_400 * 30))
      default: break
      }
    }
  }

  /// A kernel with one key, whose token is warm.
  struct World: Sendable {
    let store: FailingStore
    let base: MemoryStore
    let rig: Rig
    let key: IssuedKey
    let owner: OwnerRecord

    init() async throws {
      base = MemoryStore()
      store = FailingStore(base)
      // No flush by the clock: the calls are counted.
      rig = try await Rig(store: store) { $0.usageFlushInterval = .seconds(86_400) }
      key = try await rig.key {
        $0.owner = OwnerReference(name: "alice")
        $0.expiry = .after(.seconds(86_400 * 40))
      }
      owner = try #require(key.stored.owner)
      #expect(await rig.verdict(key.token).identity != nil)
    }

    /// All that is stored but what chance makes: ids, prefixes and hashes of what is new.
    var state: State {
      let keys = base.keys(KeyQuery(now: .earliest, limit: 1_000)).items
      return State(
        keys: keys.map { stored in
          let key = stored.key
          return "\(key.name) \(key.status) \(key.revision) \(stored.owner?.name ?? "-") "
            + "\(key.secrets.map { $0.endsAt == nil ? "live" : "old" }) "
            + "\(key.expiryNoticeDays ?? -1)"
        }.sorted(),
        owners: base.owners(OwnerQuery(limit: 1_000)).items.map {
          "\($0.name) \($0.disabled) \($0.maxKeys) \($0.revision)"
        }, signals: base.log(after: 0, limit: 1_000).map(\.signal))
    }
  }

  struct State: Equatable {
    let keys: [String]
    let owners: [String]
    let signals: [String]
  }

  @Test(arguments: Operation.allCases)
  func everyOperationEndsInTheOldOrTheNewState(_ operation: Operation) async throws {
    // What it does, and how many calls that takes, where nothing fails.
    let sound = try await World()
    try await operation.prepare(sound)
    let old = sound.state
    sound.store.fail(call: 0, .before)
    try await operation.run(sound)
    let new = sound.state
    let calls = sound.store.calls
    #expect(old != new && calls > 0)

    for call in 1...calls {
      for moment in FailingStore.Moment.allCases {
        let place: Comment = "call \(call) of \(calls) failed \(moment.rawValue) its effect"
        let world = try await World()
        try await operation.prepare(world)
        world.store.fail(call: call, moment)
        var failure: LifecycleError?
        do { try await operation.run(world) } catch { failure = error as? LifecycleError }
        world.store.fail(call: 0, .before)
        let state = world.state
        if failure == nil {
          #expect(state == new, "done, it said; \(place)")
        } else {
          #expect(failure?.code == "store_unavailable", place)
          #expect(state == old || (moment == .after && state == new), place)
        }
        try await requireNoStaleVerdict(world, place)
        // Where it was not done, it can be.
        if state == old {
          try await operation.run(world)
          #expect(world.state == new, "again; \(place)")
        }
      }
    }
  }

  /// The kernel judges every token as one does that has just read the store.
  private func requireNoStaleVerdict(_ world: World, _ place: Comment) async throws {
    let fresh = try await Rig(store: world.base, clock: world.rig.clock)
    let here = await world.rig.verdict(world.key.token).denial?.reason
    #expect(await fresh.verdict(world.key.token).denial?.reason == here, place)
  }
}
