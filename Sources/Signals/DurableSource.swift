/// What durable subscriptions read from.
///
/// Threading: any thread.
final class DurableSource: Sendable {
  let store: any DurableKeyStore
  let clock: any KernelClock
  /// For how long a subscription is held at a time.
  let claim: Duration
  private let watch: LogWatch

  init(store: any DurableKeyStore, clock: any KernelClock, claim: Duration, watch: LogWatch) {
    self.store = store
    self.clock = clock
    self.claim = claim
    self.watch = watch
  }

  /// The log's end as far as it is known here, where a subscription begins that was never seen; `nil` until the store is
  /// open.
  var end: Int64? { watch.end }
}
