import Dispatch
import Foundation
import Synchronization
import Testing

/// Shows that the thread sanitizer is at work in this very test bundle: `make tsan` first runs this suite
/// with `CARDEA_PLANT_RACE` set and fails unless the race is reported.
@Suite struct RaceCanaryTests {
  /// Two threads take turns at a plain counter. With the race planted, the turn is handed over by relaxed
  /// operations, which order nothing: both threads are alive and alternate, so the sanitizer can't miss
  /// it, as it can where threads merely run at about the same time.
  @Test func countsFromTwoThreads() {
    let planted = ProcessInfo.processInfo.environment["CARDEA_PLANT_RACE"] != nil
    let rounds = 1_000
    let turn = Turn()
    nonisolated(unsafe) let count = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    count.initialize(to: 0)
    defer { count.deallocate() }
    let threads = DispatchGroup()
    for own in 0..<2 {
      threads.enter()
      Thread.detachNewThread {
        for _ in 0..<rounds {
          while planted
            ? turn.number.load(ordering: .relaxed) != own
            : turn.number.load(ordering: .acquiring) != own
          { sched_yield() }
          count.pointee += 1
          if planted {
            turn.number.store(1 - own, ordering: .relaxed)
          } else {
            turn.number.store(1 - own, ordering: .releasing)
          }
        }
        threads.leave()
      }
    }
    threads.wait()
    #expect(count.pointee == 2 * rounds)
  }

  private final class Turn: Sendable {
    let number = Atomic<Int>(0)
  }
}
