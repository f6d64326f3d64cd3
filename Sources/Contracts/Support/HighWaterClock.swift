import Synchronization

/// The kernel's clock: its wall time never goes back, so a key that was refused as expired is never accepted again.
///
/// The time is that of the store, where the store has a clock of its own, moved on by the monotonic time since it was
/// read: what nodes of many machines decide by the time they decide alike, however their own clocks were set. Elsewhere
/// it is the system's. Where that time is behind the latest that was seen, be it by a step back or since the log knows a
/// later one, time goes on from there, but slower than it passes until both meet.
///
/// Threading: any thread.
package final class HighWaterClock: KernelClock {
  private let base: any KernelClock
  /// The base's time. A closure, since an existential would be copied for each call.
  private let baseTime: @Sendable () -> Int64
  private let followsStore: Bool
  private let highest: Atomic<Int64>
  /// A store's time less the monotonic time at which it was read, in milliseconds.
  private let storeOffset = Atomic<Int64>(.min)
  /// Whether time goes on from ``mark``, slower.
  private let isSlowed = Atomic<Bool>(false)
  /// A time, and the monotonic time (milliseconds) at which it was the latest seen.
  private let mark = Locked((time: Int64(0), at: Int64(0)))

  /// What is ahead is slowed down by a twelfth, as chrony does by default (`maxslewrate`, 83,333 ppm): an hour is made up
  /// in half a day, and whatever ends by the time ends hardly later than it should.
  private static let slowed: (Int64, of: Int64) = (11, 12)

  /// - Parameter followsStore: whether the store has a clock of its own. Until its time is noted the system's is given,
  ///   and leaves no trace.
  package init(_ base: any KernelClock, followsStore: Bool = false) {
    self.base = base
    baseTime = { base.now().milliseconds }
    self.followsStore = followsStore
    highest = Atomic(followsStore ? .min : base.now().milliseconds)
  }

  @inline(__always)
  package func now() -> Timestamp {
    guard let now = reference() else { return unadjusted() }
    if !isSlowed.load(ordering: .relaxed) {
      let seen = highest.load(ordering: .relaxed)
      if now > seen { highest.max(now, ordering: .relaxed) }
      if now >= seen { return Timestamp(milliseconds: now) }
    }
    return Timestamp(milliseconds: goOn(now))
  }

  /// The time as it is, in milliseconds; `nil` before the store has told it.
  @inline(__always)
  private func reference() -> Int64? {
    if !followsStore { return baseTime() }
    let offset = storeOffset.load(ordering: .relaxed)
    return offset == .min ? nil : elapsed() &+ offset
  }

  private func goOn(_ now: Int64) -> Int64 {
    mark.withLock { mark in
      let (elapsed, seen) = (elapsed(), highest.load(ordering: .relaxed))
      let (part, whole) = HighWaterClock.slowed
      func line() -> Int64 { mark.time &+ (elapsed &- mark.at) * part / whole }
      // It begins here, or somebody has seen a later time.
      if !isSlowed.load(ordering: .relaxed) || line() < seen { mark = (seen, elapsed) }
      let reached = line()
      let time = max(now, reached)
      isSlowed.store(now < reached, ordering: .relaxed)
      highest.max(time, ordering: .relaxed)
      return time
    }
  }

  private func elapsed() -> Int64 { Int64(clamping: base.monotonic() / 1_000_000) }

  /// The system's own time, right or wrong.
  package func unadjusted() -> Timestamp { base.now() }

  /// How far ahead of the store's clock, or the system's where that counts, the time is.
  package var ahead: Duration {
    guard let reference = reference() else { return .zero }
    return .milliseconds(max(0, now().milliseconds - reference))
  }

  /// Takes note of the store's time, just read.
  package func note(storeTime: Timestamp) {
    storeOffset.store(storeTime.milliseconds &- elapsed(), ordering: .relaxed)
  }

  /// Takes note of a time that was seen elsewhere, such as the last entry of the log.
  package func note(_ time: Timestamp) {
    highest.max(time.milliseconds, ordering: .relaxed)
    _ = now()
  }

  package func monotonic() -> UInt64 { base.monotonic() }
}
