import CardeaContracts

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// This process's hold on an endpoint's durable subscription, by which one process at a time delivers to it, and a new
/// one goes on where the last one was.
///
/// Threading: any thread.
final class WebhookClaim: Sendable {
  /// By how much it lasts longer than a delivery takes. For half of that it needs no renewal.
  private static let spare = Duration.seconds(10)

  private let subscription: String
  private let start: Int64
  private let store: any PluginRecordStore
  private let clock: any KernelClock
  private let holder = UUID().text
  /// For how long it is made at a time: longer than a delivery takes.
  private let length: Duration
  /// When it was made last (monotonic); `nil` while another may hold the subscription.
  private let madeAt = Locked<UInt64?>(nil)

  /// - Parameter timeout: how long a delivery may take.
  init(
    on endpoint: WebhookEndpoint, store: any PluginRecordStore, clock: any KernelClock,
    timeout: Duration
  ) {
    subscription = endpoint.subscription
    start = endpoint.start
    self.store = store
    self.clock = clock
    length = timeout + WebhookClaim.spare
  }

  /// Makes or renews it.
  /// - Returns: where the cursor stands; `nil` while another holds the subscription.
  func make() async throws(StoreError) -> Int64? {
    let (began, now) = (clock.monotonic(), store.claimTime(clock))
    let position = try await store.claim(
      SubscriptionClaim(
        name: subscription, holder: holder, now: now, until: now.adding(length) ?? .latest,
        start: start))
    madeAt.withLock { $0 = position == nil ? nil : began }
    return position
  }

  /// Whether another delivery may begin without renewing it.
  var isFresh: Bool { age.map { $0 < WebhookClaim.spare.nanoseconds / 2 } ?? false }

  /// Whether it lasts for as long as a delivery that begins now, though the store took its time since it was renewed.
  var outlastsDelivery: Bool { age.map { $0 < WebhookClaim.spare.nanoseconds } ?? false }

  private var age: UInt64? { madeAt.withLock { $0.map { clock.monotonic() &- $0 } } }

  /// Moves the cursor, or leaves it where it stands, and keeps or drops dead letters with it.
  func advance(
    from: Int64, to: Int64, buried: DeadLetter? = nil, settled: Int64? = nil
  ) async throws(StoreError) {
    try await store.advance(
      SubscriptionStep(
        name: subscription, holder: holder, from: from, to: to, buried: buried, settled: settled))
  }

  /// Another may hold the subscription by now.
  func lose() { madeAt.withLock { $0 = nil } }

  /// Gives the subscription back, so that another process can go on at once.
  func release() async {
    guard madeAt.withLock({ $0 != nil }) else { return }
    let now = store.claimTime(clock)
    _ = try? await store.claim(
      SubscriptionClaim(name: subscription, holder: holder, now: now, until: now, start: start))
  }
}
