import CardeaContracts
import CardeaFormats
import CardeaLifecycle
import CardeaMemoryStore
import Dispatch
import Synchronization
import Testing

@testable import CardeaCache
@testable import CardeaKernel

/// Many requests at once with one key that nobody remembers.
@Suite struct StampedeTests {
  @Test("a hundred at once cost one reading of the store and one hash", arguments: [true, false])
  func oneHash(right: Bool) async throws {
    let hasher = CountingHasher(accepts: right)
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store) {
      $0.preferredHasher = "counting"
      $0.hashPoolWidth = 2
      $0.failedPerPrefixAndAddress = nil
    } plugins: {
      $0.use(hasher)
    }
    let token = try await rig.key().token
    let before = store.finds
    let came = Locked(0)
    let verdicts = await withTaskGroup(of: Verdict.self) { group in
      for _ in 0..<100 {
        group.addTask {
          came.withLock { $0 += 1 }
          return await rig.verdict(token)
        }
      }
      await wait(for: hasher.entered)
      while came.withLock({ $0 }) < 100 { await Task.yield() }
      for _ in 0..<100 { hasher.gate.signal() }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(verdicts.count { ($0.identity != nil) == right } == 100)
    #expect(hasher.verified.load(ordering: .relaxed) == 1)
    // One, and one for each that found nothing in memory the moment before it was there.
    #expect(store.finds < before + 50)
  }

  @Test("another token of the same key is read and hashed apart")
  func anotherToken() async throws {
    let hasher = CountingHasher(accepts: true)
    let rig = try await Rig {
      $0.preferredHasher = "counting"
    } plugins: {
      $0.use(hasher)
    }
    let issued = try await rig.key()
    let other = try KeysmithFormat().build(
      TokenRequest(
        namespace: "tok", identifierLength: 8, secretLength: 32, prefix: issued.stored.key.prefix,
        primitives: rig.kernel.primitives)
    ).token
    for _ in 0..<2 { hasher.gate.signal() }
    async let first = rig.verdict(issued.token)
    async let second = rig.verdict(other)
    _ = await (first, second)
    #expect(hasher.verified.load(ordering: .relaxed) == 2)
  }

  @Test("a hash for which there was no room is tried anew by who comes next")
  func refused() async throws {
    let hasher = CountingHasher(accepts: true)
    let rig = try await Rig {
      $0.preferredHasher = "counting"
      $0.hashPoolWidth = 1
      $0.hashQueueLimit = 0
    } plugins: {
      $0.use(hasher)
    }
    let (first, second) = (try await rig.key(), try await rig.key())
    async let running = rig.verdict(first.token)
    await wait(for: hasher.entered)
    #expect(await rig.verdict(second.token).denial?.reason == .overloaded)
    hasher.gate.signal()
    #expect(await running.identity != nil)
    hasher.gate.signal()
    #expect(await rig.verdict(second.token).identity != nil)
  }

  @Test("whoever waits for another's reading sees the revocation that came meanwhile")
  func revoked() async throws {
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store)
    let key = try await rig.key()
    let isHeld = DispatchSemaphore(value: 0)
    let mayGoOn = Locked(false)
    store.holdNextFind {
      isHeld.signal()
      while !mayGoOn.withLock({ $0 }) { await Task.yield() }
    }
    async let first = rig.verdict(key.token)
    await wait(for: isHeld)
    async let second = rig.verdict(key.token)
    while rig.kernel.readings.waiting == 0 { await Task.yield() }
    _ = try await rig.kernel.revokeKey(key.stored.key.id, by: .host)
    mayGoOn.withLock { $0 = true }
    #expect(await first.denial?.reason == .revoked)
    #expect(await second.denial?.reason == .revoked)
  }

  /// Verifies slowly, and counts.
  private final class CountingHasher: SecretHasher {
    let id = "hasher.counting"
    let algorithm = "counting"
    let cost = HashCost.slow
    let gate = DispatchSemaphore(value: 0)
    let entered = DispatchSemaphore(value: 0)
    let verified = Atomic(0)
    private let accepts: Bool

    init(accepts: Bool) { self.accepts = accepts }

    func hash(_ request: HashRequest) -> EncodedHash { EncodedHash("counting$") }
    func verify(_ request: VerifyRequest) -> Bool {
      verified.add(1, ordering: .relaxed)
      entered.signal()
      gate.wait()
      return accepts
    }
    func needsRehash(_ hash: EncodedHash) -> Bool { false }
  }
}
