import CardeaFormats
import CardeaKernel
import CardeaMemoryStore
import Dispatch
import Testing

/// Many requests with one token that nobody remembers, all at once.
@Suite struct StampedeTests {
  private struct World {
    let rig: Rig
    let store: CountingStore
    let hasher: HashPoolTests.GatedHasher
  }

  private func world(
    configure: (inout KernelConfiguration) -> Void = { _ in }
  ) async throws -> World {
    let store = CountingStore(MemoryStore())
    let hasher = HashPoolTests.GatedHasher(
      gate: DispatchSemaphore(value: 0), entered: DispatchSemaphore(value: 0),
      order: Collected<String>())
    let rig = try await Rig(store: store) {
      $0.preferredHasher = "gated"
      $0.hashPoolWidth = 4
      configure(&$0)
    } plugins: {
      $0.use(hasher)
    }
    return World(rig: rig, store: store, hasher: hasher)
  }

  /// What so many get who have all read the key before the first hash is done.
  private func stampede(
    _ count: Int, _ token: Secret, _ world: World
  ) async -> [Verdict] {
    let before = world.store.finds
    return await withTaskGroup(of: Verdict.self) { group in
      for _ in 0..<count { group.addTask { await world.rig.verdict(token) } }
      while world.store.finds < before + count { await Task.yield() }
      // As many as there would be, were none shared.
      for _ in 0..<count { world.hasher.gate.signal() }
      return await group.reduce(into: []) { $0.append($1) }
    }
  }

  @Test func oneHashServesAllWhoAskAtTheSameTime() async throws {
    let world = try await world()
    let issued = try await world.rig.key()
    let verdicts = await stampede(100, issued.token, world)
    #expect(verdicts.count == 100)
    #expect(verdicts.allSatisfy { $0.identity?.keyID == issued.stored.key.id })
    #expect(world.hasher.order.all.count == 1)
    #expect(world.rig.warmVerdict(issued.token)?.identity != nil)
  }

  @Test func withoutACacheTheyShareItToo() async throws {
    let world = try await world { $0.cacheEntries = 0 }
    let issued = try await world.rig.key()
    #expect(await stampede(100, issued.token, world).allSatisfy { $0.identity != nil })
    #expect(world.hasher.order.all.count == 1)
    // Nobody looks any more, and nothing is left of it.
    #expect(await world.rig.verdict(issued.token).identity != nil)
    #expect(world.hasher.order.all.count == 2)
  }

  @Test func anotherTokenOfTheKeyIsNoPartOfIt() async throws {
    let world = try await world()
    let issued = try await world.rig.key()
    let wrong = try KeysmithFormat().build(
      TokenRequest(
        namespace: "tok", identifierLength: 8, secretLength: 32, prefix: issued.stored.key.prefix,
        primitives: world.rig.kernel.primitives)
    ).token
    world.hasher.gate.signal()
    world.hasher.gate.signal()
    async let one = world.rig.verdict(issued.token)
    async let two = world.rig.verdict(wrong)
    _ = await (one, two)
    #expect(Set(world.hasher.order.all).count == 2)
  }

  @Test func whatWasRevokedMeanwhileIsDeniedToAll() async throws {
    let world = try await world()
    let issued = try await world.rig.key()
    let before = world.store.finds
    let verdicts = try await withThrowingTaskGroup(of: Verdict.self) { group in
      for _ in 0..<20 { group.addTask { await world.rig.verdict(issued.token) } }
      while world.store.finds < before + 20 { await Task.yield() }
      _ = try await world.rig.kernel.revokeKey(issued.stored.key.id, by: .host)
      for _ in 0..<20 { world.hasher.gate.signal() }
      return try await group.reduce(into: [Verdict]()) { $0.append($1) }
    }
    #expect(verdicts.allSatisfy { $0.denial?.reason == .revoked })
    #expect(world.hasher.order.all.count == 1)
  }

  @Test func aHashThatWasRefusedIsTriedAnew() async throws {
    let world = try await world {
      $0.hashPoolWidth = 1
      $0.hashQueueLimit = 0
    }
    let (first, second) = (try await world.rig.key(), try await world.rig.key())
    async let running = world.rig.verdict(first.token)
    await wait(for: world.hasher.entered)
    #expect(await world.rig.verdict(second.token).denial?.reason == .overloaded)
    world.hasher.gate.signal()
    #expect(await running.identity != nil)
    world.hasher.gate.signal()
    #expect(await world.rig.verdict(second.token).identity != nil)
  }
}
