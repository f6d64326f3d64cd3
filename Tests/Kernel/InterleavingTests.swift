import CardeaLifecycle
import CardeaMemoryStore
import Testing

/// V5: every interleaving of every pair of verify, re-hash, usage flush, rotate, edit, suspend and revoke: revoked
/// stays revoked, and no verdict is left that the store does not bear out.
@Suite struct InterleavingTests {
  enum Operation: String, CaseIterable, Sendable {
    case verify, rehash, flush, rotate, edit, suspend, revoke
  }

  private let uses: Set<Operation> = [.verify, .flush]

  private struct World: Sendable {
    let base: MemoryStore
    let store: SteppedStore
    let rig: Rig
    /// The kernel of each lane's plain uses. Beside a re-hash it is one that finds the hash good, so that the re-hash is
    /// the other's alone; beside another use each has its own, since two uses of one kernel share a reading, and the
    /// one who waits for it asks the store for nothing.
    let readers: [Rig]
    let token: Secret
    let key: KeyRecord

    /// - Parameters:
    ///   - rehashes: whether the stored hash is not the preferred one, so that a use replaces it.
    ///   - bothUse: whether both lanes use the key.
    init(_ schedule: [Int], rehashes: Bool, bothUse: Bool) async throws {
      base = MemoryStore()
      let maker = try await Rig(store: base, slow: rehashes)
      let issued = try await maker.key()
      token = issued.token
      key = issued.stored.key
      store = SteppedStore(base, schedule: schedule)
      rig = try await Rig(store: store, clock: maker.clock) {
        $0.usageFlushInterval = .seconds(86_400)
      }
      let reader =
        rehashes || bothUse
        ? try await Rig(store: store, slow: rehashes, clock: maker.clock) {
          $0.usageFlushInterval = .seconds(86_400)
        } : rig
      readers = [rehashes ? reader : rig, reader]
    }

    func run(_ operation: Operation, lane: Int) async {
      let (kernel, reader) = (rig.kernel, readers[lane])
      switch operation {
      case .verify: _ = await reader.verdict(token)
      case .rehash:
        _ = await rig.verdict(token)
        await kernel.drain()
      case .flush:
        _ = await reader.verdict(token)
        await reader.kernel.flushUsage()
      case .rotate: _ = try? await kernel.rotateToken(key.id, by: .host)
      case .edit:
        var edit = KeyEdit()
        edit.name = "edited"
        _ = try? await kernel.updateKey(key.id, edit, by: .host)
      case .suspend: _ = try? await kernel.suspendKey(key.id, by: .host)
      case .revoke: _ = try? await kernel.revokeKey(key.id, by: .host)
      }
    }
  }

  @Test(arguments: Operation.allCases)
  func noInterleavingRevivesAKey(_ first: Operation) async throws {
    for second in Operation.allCases {
      // Two re-hashes of one secret are one: the kernel starts no second.
      if first == .rehash, second == .rehash { continue }
      var schedules: [[Int]] = [[]]
      var count = 0
      while let schedule = schedules.popLast() {
        count += 1
        let world = try await World(
          schedule, rehashes: first == .rehash || second == .rehash,
          bothUse: uses.isSuperset(of: [first, second]))
        await world.store.run(
          { await world.run(first, lane: 0) }, { await world.run(second, lane: 1) })
        try await check(world, first, second, "\(first) and \(second), schedule \(schedule)")
        // Every choice that was left to the default could have been the other one.
        for place in schedule.count..<max(schedule.count, world.store.choices) {
          schedules.append(
            schedule + [Int](repeating: 0, count: place - schedule.count) + [1])
        }
      }
      #expect(count > 1, "\(first) and \(second) were not interleaved")
    }
  }

  private func check(
    _ world: World, _ first: Operation, _ second: Operation, _ place: String
  ) async throws {
    let stored = try #require(world.base.find(id: world.key.id)).key
    let pair = [first, second]
    if pair.contains(.revoke) {
      #expect(stored.status == .revoked, "\(place)")
      #expect(await world.rig.verdict(world.token).identity == nil, "\(place)")
    } else {
      #expect(stored.status == (pair.contains(.suspend) ? .suspended : .active), "\(place)")
    }
    #expect(
      stored.revision == 1
        + Int64(
          world.base.log(after: 1, limit: 99).count {
            $0.signal != "hash_upgraded"
          }), "each change is logged once; \(place)")
    let fresh = try await Rig(store: world.base, clock: world.rig.clock)
    #expect(
      await world.rig.verdict(world.token).denial?.reason
        == (await fresh.verdict(world.token)).denial?.reason, "\(place)")
  }
}
