import Synchronization

/// Tells when one listener has been busy with one signal for too long.
///
/// A call has a number instead of a time: whoever asks looks from time to time whether the same call is still under
/// way, and no signal costs a look at the clock. What one look sees for the first time is too long under way once
/// the deadline has passed since that look.
///
/// Threading: the listener's queue says when it begins and ends; any thread may ask.
final class ListenerWatch: Sendable {
  /// The number of the present call, which is odd; even between calls.
  private let call = Atomic<UInt64>(0)
  private let seen = Locked(Sighting())
  private let clock: any KernelClock

  /// The call that was under way when somebody looked last.
  private struct Sighting: Sendable {
    var call: UInt64 = 0
    /// When it was first seen (monotonic).
    var since: UInt64 = 0
    var isReported = false
  }

  init(_ clock: any KernelClock) { self.clock = clock }

  @inline(__always)
  func run(_ body: () throws -> Void) rethrows {
    // No read-modify-write: the calls of one listener follow one another.
    let present = (call.load(ordering: .relaxed) | 1) &+ 2
    call.store(present, ordering: .relaxed)
    // A later one may have begun where publishers are many: it goes on being watched.
    defer {
      if call.load(ordering: .relaxed) == present { call.store(present &+ 1, ordering: .relaxed) }
    }
    try body()
  }

  /// Whether the call that is under way was found to take too long.
  var isHung: Bool {
    let present = call.load(ordering: .relaxed)
    return seen.withLock { $0.isReported && $0.call == present }
  }

  /// Whether a call has been under way for longer than `deadline` that was not reported yet.
  func isNewlyHung(after deadline: Duration) -> Bool {
    let present = call.load(ordering: .relaxed)
    guard present & 1 == 1 else { return false }
    let now = clock.monotonic()
    return seen.withLock { seen in
      if seen.call != present { seen = Sighting(call: present, since: now) }
      guard !seen.isReported, now > seen.since, now - seen.since > deadline.nanoseconds
      else { return false }
      seen.isReported = true
      return true
    }
  }
}
