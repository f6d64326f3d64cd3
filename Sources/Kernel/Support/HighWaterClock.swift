import Synchronization

/// A clock whose wall time never goes back: where the system's clock is behind the latest time seen, the
/// latest time counts. So a key that was refused as expired is never accepted again. Where it is behind a store's
/// clock, that one counts, moved on by the monotonic time since.
///
/// Threading: any thread.
final class HighWaterClock: KernelClock {
  private let base: any KernelClock
  private let highest: Atomic<Int64>
  /// A store's time less the monotonic time at which it was read, in milliseconds.
  private let storeOffset = Atomic<Int64>(.min)

  init(_ base: any KernelClock) {
    self.base = base
    highest = Atomic(base.now().milliseconds)
  }

  @inline(__always)
  func now() -> Timestamp {
    let now = base.now()
    let seen = highest.load(ordering: .relaxed)
    if now.milliseconds > seen {
      highest.max(now.milliseconds, ordering: .relaxed)
      return now
    }
    return now.milliseconds == seen ? now : catchUp(with: seen)
  }

  /// The system's clock is behind.
  private func catchUp(with seen: Int64) -> Timestamp {
    let offset = storeOffset.load(ordering: .relaxed)
    guard offset != .min else { return Timestamp(milliseconds: seen) }
    let moved = Timestamp(milliseconds: elapsed() &+ offset)
    guard moved.milliseconds > seen else { return Timestamp(milliseconds: seen) }
    highest.max(moved.milliseconds, ordering: .relaxed)
    return moved
  }

  private func elapsed() -> Int64 { Int64(clamping: base.monotonic() / 1_000_000) }

  /// The system's own time, right or wrong.
  func unadjusted() -> Timestamp { base.now() }

  /// Takes note of a store's time, just read.
  func note(storeTime: Timestamp) {
    storeOffset.store(storeTime.milliseconds &- elapsed(), ordering: .relaxed)
    note(storeTime)
  }

  /// Takes note of a time that was seen elsewhere, such as the last entry of the log.
  func note(_ time: Timestamp) { highest.max(time.milliseconds, ordering: .relaxed) }

  func monotonic() -> UInt64 { base.monotonic() }
}
