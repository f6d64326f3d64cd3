import Synchronization

/// The durable subscriptions of one kernel.
///
/// Threading: any thread.
package final class DurableLanes: Sendable {
  /// `nil`: the store keeps no cursors.
  let source: DurableSource?
  private let lanes = Locked<[UInt64: DurableLane]>([:])
  private let count = Atomic<Int>(0)
  private let following = Locked<Subscription?>(nil)

  package init(store: any KeyStore, clock: any KernelClock, claim: Duration, watch: LogWatch) {
    source = (store as? any DurableKeyStore).map {
      DurableSource(store: $0, clock: clock, claim: claim, watch: watch)
    }
    guard source != nil else { return }
    let subscription = watch.subscribe { [weak self] in self?.wake() }
    following.withLock { $0 = subscription }
  }

  deinit { following.withLock { $0?.cancel() } }

  private var isOpen: Bool { source?.end != nil }
  private var isEmpty: Bool { count.load(ordering: .relaxed) == 0 }

  func add(_ lane: DurableLane, _ number: UInt64) {
    lanes.withLock {
      $0[number] = lane
      count.store($0.count, ordering: .relaxed)
    }
    if isOpen { lane.wake() }
  }

  func remove(_ number: UInt64) {
    let lane = lanes.withLock { lanes in
      defer { count.store(lanes.count, ordering: .relaxed) }
      return lanes.removeValue(forKey: number)
    }
    lane?.close()
  }

  /// The store is open. Subscriptions that were never seen begin where its log ends now: each is claimed before any
  /// change can be made. Nobody waits for what is delivered, since a listener may take as long as it likes.
  package func start() async {
    for lane in lanes.withLock({ Array($0.values) }) { await lane.begin() }
  }

  /// The log has grown, or time has passed: a retry may be due.
  package func wake() {
    guard !isEmpty, isOpen else { return }
    for lane in lanes.withLock({ Array($0.values) }) { lane.wake() }
  }

  /// Returns once every subscription has nothing to do, or waits for a retry.
  func drain() async {
    guard isOpen else { return }
    for lane in lanes.withLock({ Array($0.values) }) { await lane.drain() }
  }

  /// Gives every subscription back, so that another process can go on at once.
  package func release() async {
    for lane in lanes.withLock({ Array($0.values) }) { await lane.release() }
  }
}
