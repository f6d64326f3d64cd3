import CardeaKernel

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// How often each endpoint may be tried out: five times a minute, each at any moment. Whoever may try endpoints out
/// could else have this server send requests as fast as it can.
///
/// Threading: any thread.
final class WebhookTrialLimit: Sendable {
  private static let rate = Rate(5, per: .seconds(60)).map { GCRA($0, burst: 5) }
  private let used = Locked<[UUID: Int64]>([:])

  /// Counts a trial; how long to wait if there were too many.
  func take(_ id: UUID, at monotonic: UInt64) -> Duration? {
    let now = Int64(clamping: monotonic)
    return used.withLock { used in
      // Whoever has its whole allowance needs no place, so there are never more than endpoints in a minute.
      used = used.filter { $0.value > now }
      return WebhookTrialLimit.rate?.take(&used[id, default: 0], at: now).map { .nanoseconds($0) }
    }
  }
}
