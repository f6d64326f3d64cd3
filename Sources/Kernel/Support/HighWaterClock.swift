import Synchronization

/// A clock whose wall time never goes back: where the system's clock is behind the latest time seen, the
/// latest time counts. So a key that was refused as expired is never accepted again.
///
/// Threading: any thread.
final class HighWaterClock: KernelClock {
  private let base: any KernelClock
  private let highest: Atomic<Int64>

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
    return now.milliseconds == seen ? now : Timestamp(milliseconds: seen)
  }

  /// Takes note of a time that was seen elsewhere, such as the last entry of the log.
  func note(_ time: Timestamp) { highest.max(time.milliseconds, ordering: .relaxed) }

  func monotonic() -> UInt64 { base.monotonic() }
}
