import CardeaLifecycle
import CardeaSessions
import Synchronization
import Testing

/// Sessions in use while they, or their keys, end: after the end was acknowledged no use that begins is allowed.
@Suite struct SessionRaceTests {
  /// What a trial's users share.
  private final class Trial: Sendable {
    let isOver = Atomic<Bool>(false)
    let uses = Atomic<Int>(0)
    let late = Atomic<Int>(0)
  }

  @Test(arguments: SessionRig.Kind.allCases)
  func revokingAKeyEndsItsSessions(_ kind: SessionRig.Kind) async throws {
    let rig = try await SessionRig(kind)
    for _ in 0..<60 {
      let key = try await rig.key()
      let token = try await rig.session(of: key.token).token
      try await race(rig, token) {
        _ = try await rig.kernel.revokeKey(key.stored.key.id, by: .host)
      }
    }
  }

  @Test(arguments: SessionRig.Kind.allCases)
  func loggingOutEndsASession(_ kind: SessionRig.Kind) async throws {
    let rig = try await SessionRig(kind)
    let key = try await rig.key()
    let facts = RequestFacts(method: "DELETE", path: "/")
    for _ in 0..<60 {
      // Each takes a place in the table until it expires.
      if kind == .jwt { rig.clock.advance(300) }
      let token = try await rig.session(of: key.token).token
      let identity = try #require(await rig.verdict(token).identity)
      try await race(rig, token) { try await rig.kernel.logOut(identity, request: facts) }
    }
  }

  /// Eight users, and the end once all of them were at it.
  private func race(
    _ rig: SessionRig, _ token: Secret, _ end: () async throws -> Void
  ) async throws {
    let trial = Trial()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          var isAllowed = true
          while isAllowed {
            let beganLate = trial.isOver.load(ordering: .sequentiallyConsistent)
            isAllowed = await rig.verdict(token).identity != nil
            if isAllowed, beganLate { trial.late.add(1, ordering: .sequentiallyConsistent) }
            trial.uses.add(1, ordering: .sequentiallyConsistent)
            if beganLate { return }
            await Task.yield()
          }
        }
      }
      while trial.uses.load(ordering: .sequentiallyConsistent) < 8 { await Task.yield() }
      try await end()
      trial.isOver.store(true, ordering: .sequentiallyConsistent)
      try await group.waitForAll()
    }
    #expect(trial.late.load(ordering: .sequentiallyConsistent) == 0)
    #expect(await rig.verdict(token).identity == nil)
  }
}
