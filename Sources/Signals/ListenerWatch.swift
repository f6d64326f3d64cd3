import Synchronization

/// Tells when one listener has been busy with one signal for too long.
///
/// Threading: the listener's queue says when it begins and ends; any thread may ask.
final class ListenerWatch: Sendable {
  /// When the present call began (monotonic); 0 between calls.
  private let since = Atomic<UInt64>(0)
  /// The call that was reported last.
  private let reported = Atomic<UInt64>(0)
  private let clock: any KernelClock

  init(_ clock: any KernelClock) { self.clock = clock }

  func run(_ body: () throws -> Void) rethrows {
    since.store(max(1, clock.monotonic()), ordering: .relaxed)
    defer { since.store(0, ordering: .relaxed) }
    try body()
  }

  /// Whether the call that is under way was found to take too long.
  var isHung: Bool {
    let began = since.load(ordering: .relaxed)
    return began != 0 && reported.load(ordering: .relaxed) == began
  }

  /// Whether a call has been under way for longer than `deadline` that was not reported yet.
  func isNewlyHung(after deadline: Duration) -> Bool {
    let began = since.load(ordering: .relaxed)
    let now = clock.monotonic()
    guard began != 0, now > began, now - began > deadline.nanoseconds else { return false }
    return reported.exchange(began, ordering: .relaxed) != began
  }
}
