import Dispatch

/// Waits with a limit.
///
/// Timers have a queue of their own: the global ones share their threads with whatever blocks them.
package enum Patience {
  private static let timers = DispatchQueue(label: "cardea.timers", qos: .userInitiated)

  /// Calls `body` once, after `duration`.
  package static func after(_ duration: Duration, _ body: @escaping @Sendable () -> Void) {
    timers.asyncAfter(
      deadline: .now() + .nanoseconds(Int(clamping: duration.nanoseconds)), execute: body)
  }

  /// What `work` gives, or `nil` if it has not within `limit`. It is not waited for any longer, nor
  /// cancelled; a later result is dropped.
  package static func result<Value: Sendable>(
    within limit: Duration, of work: @escaping @Sendable () async -> Value?
  ) async -> Value? {
    await withCheckedContinuation { continuation in
      let waiting = Locked<CheckedContinuation<Value?, Never>?>(continuation)
      let answer: @Sendable (Value?) -> Void = { value in
        waiting.withLock { held in
          defer { held = nil }
          return held
        }?.resume(returning: value)
      }
      Task { answer(await work()) }
      after(limit) { answer(nil) }
    }
  }
}
