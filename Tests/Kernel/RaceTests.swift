import CardeaLifecycle
import CardeaMemoryStore
import Dispatch
import Synchronization
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What must hold however the threads fall.
@Suite struct RaceTests {
  /// V1: no verdict that starts after `revokeKey` returned allows.
  @Test func nothingIsAllowedThatStartsAfterRevokeReturned() async throws {
    let rig = try await Rig()
    let trials = RaceTests.trials
    let late = Tally()
    let early = Tally()
    let after = Tally()
    for _ in 0..<trials {
      let issued = try await rig.key()
      let call = Call(issued.token)
      let revoked = Flag()
      let kernel = rig.kernel
      _ = await kernel.authenticate(call)
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<64 {
          group.addTask {
            for _ in 0..<2 {
              let startsAfter = revoked.isSet
              let allowed =
                (kernel.authenticateIfWarm(call) ?? .deny(Denial(.missing))).identity != nil
              let allowedCold =
                allowed ? true : await kernel.authenticate(call).identity != nil
              if startsAfter { after.add() }
              if allowedCold {
                (startsAfter ? late : early).add()
              }
            }
          }
        }
        group.addTask {
          _ = try? await kernel.revokeKey(issued.stored.key.id, by: .host)
          revoked.set()
        }
      }
      #expect(await kernel.authenticate(call).identity == nil)
    }
    #expect(late.count == 0)
    #expect(early.count > trials, "the race was not run")
    #expect(after.count > 0, "the race was not run")
  }

  /// V4: a reader of the old record, held until the revoke is through, can neither allow nor leave the old
  /// record in the cache.
  @Test func aReaderOfTheOldRecordCannotBringItBack() async throws {
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store)
    let issued = try await rig.key()
    let holding = DispatchSemaphore(value: 0)
    let release = DispatchSemaphore(value: 0)
    store.holdNextFind {
      holding.signal()
      await wait(for: release)
    }
    async let verdict = rig.verdict(issued.token)
    await wait(for: holding)
    _ = try await rig.kernel.revokeKey(issued.stored.key.id, by: .host)
    release.signal()
    #expect(await verdict.denial?.reason == .revoked)
    #expect(rig.warmVerdict(issued.token)?.identity == nil)
    #expect(await rig.verdict(issued.token).denial?.reason == .revoked)
  }

  /// The same for an owner who is disabled meanwhile.
  @Test func aReaderOfTheOldOwnerCannotBringThemBack() async throws {
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store)
    let issued = try await rig.key { $0.owner = OwnerReference(name: "ada") }
    let owner = try #require(issued.stored.owner)
    let holding = DispatchSemaphore(value: 0)
    let release = DispatchSemaphore(value: 0)
    store.holdNextFind {
      holding.signal()
      await wait(for: release)
    }
    async let verdict = rig.verdict(issued.token)
    await wait(for: holding)
    _ = try await rig.kernel.disableOwner(owner.id, by: .host)
    release.signal()
    #expect(await verdict.denial?.reason == .ownerDisabled)
    #expect(await rig.verdict(issued.token).denial?.reason == .ownerDisabled)
  }

  /// A commit that took effect although its answer was lost: the change counts.
  @Test func aChangeOfUnknownOutcomeEvicts() async throws {
    let store = CountingStore(MemoryStore())
    let rig = try await Rig(store: store)
    let issued = try await rig.key()
    #expect(await rig.verdict(issued.token).identity != nil)
    store.failsAfterCommit = true
    await #expect(throws: LifecycleError.self) {
      _ = try await rig.kernel.revokeKey(issued.stored.key.id, by: .host)
    }
    #expect(await rig.verdict(issued.token).denial?.reason == .revoked)
  }

  /// A client that hangs up during a revoke can't leave it half done.
  @Test func aCancelledRevokeStillEvicts() async throws {
    let rig = try await Rig()
    for _ in 0..<200 {
      let issued = try await rig.key()
      #expect(await rig.verdict(issued.token).identity != nil)
      let task = Task { try? await rig.kernel.revokeKey(issued.stored.key.id, by: .host) }
      task.cancel()
      _ = await task.value
      #expect(await rig.verdict(issued.token).identity == nil)
    }
  }

  /// V6: of two rotations at once one wins and the other is told of the conflict.
  @Test func ofTwoRotationsOneWins() async throws {
    // The dead tokens were never right, and a thousand of them would be too many.
    let rig = try await Rig {
      $0.failedPerAddress = nil
      $0.failedPerPrefixAndAddress = nil
    }
    let issued = try await rig.key()
    let id = issued.stored.key.id
    var conflicts = 0
    for _ in 0..<1_000 {
      async let left = rig.rotation(of: id)
      async let right = rig.rotation(of: id)
      let outcomes = await [left, right]
      let tokens = outcomes.compactMap { try? $0.get() }
      for case .failure(let error) in outcomes {
        #expect(error == .conflict)
        conflicts += 1
      }
      #expect(!tokens.isEmpty)
      // One token works, whichever came last; every other secret is dead.
      var alive = 0
      for issued in tokens where await rig.verdict(issued.token).identity != nil { alive += 1 }
      #expect(alive == 1)
    }
    #expect(conflicts > 0, "the race was not run")
    #expect(await rig.verdict(issued.token).identity == nil)
  }

  /// Trials of V1.
  static let trials = 10_000
}

extension Rig {
  func rotation(of id: UUID) async -> Result<IssuedKey, LifecycleError> {
    do throws(LifecycleError) {
      return .success(try await kernel.rotateToken(id, by: .host))
    } catch { return .failure(error) }
  }
}

final class Flag: Sendable {
  private let value = Atomic<Bool>(false)
  var isSet: Bool { value.load(ordering: .sequentiallyConsistent) }
  func set() { value.store(true, ordering: .sequentiallyConsistent) }
}

final class Tally: Sendable {
  private let value = Atomic<Int>(0)
  var count: Int { value.load(ordering: .relaxed) }
  func add() { value.wrappingAdd(1, ordering: .relaxed) }
}
