import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What durable subscriptions read from.
///
/// Threading: any thread.
final class DurableSource: Sendable {
  let store: any DurableKeyStore
  let clock: any KernelClock
  /// For how long a subscription is held at a time.
  let claim: Duration
  /// The last position that this process knows of; -1 until the store is open.
  fileprivate let known = Atomic<Int64>(-1)

  init(store: any DurableKeyStore, clock: any KernelClock, claim: Duration) {
    self.store = store
    self.clock = clock
    self.claim = claim
  }

  /// Where a subscription begins that was never seen, and the log's end as far as it is known here; `nil` until
  /// the store is open.
  var start: Int64? {
    let position = known.load(ordering: .relaxed)
    return position < 0 ? nil : position
  }
}

/// The durable subscriptions of one kernel.
///
/// Threading: any thread.
final class DurableLanes: Sendable {
  /// `nil`: the store keeps no cursors.
  let source: DurableSource?
  private let lanes = Locked<[UInt64: DurableLane]>([:])
  private let count = Atomic<Int>(0)

  init(store: any KeyStore, clock: any KernelClock, claim: Duration) {
    source = (store as? any DurableKeyStore).map {
      DurableSource(store: $0, clock: clock, claim: claim)
    }
  }

  private var isOpen: Bool { source?.start != nil }
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

  /// The store is open, and its log ends here. Subscriptions that were never seen begin here: each is claimed
  /// before any change can be made.
  func start(at position: Int64) async {
    source?.known.store(position, ordering: .relaxed)
    await drain()
  }

  /// The log goes on to `position`.
  func wake(at position: Int64) {
    source?.known.max(position, ordering: .relaxed)
    if !isEmpty { wake() }
  }

  /// Time has passed: others may have written, a retry may be due.
  func wake() {
    guard isOpen else { return }
    for lane in lanes.withLock({ Array($0.values) }) { lane.wake() }
  }

  /// Returns once every subscription has nothing to do, or waits for a retry.
  func drain() async {
    guard isOpen else { return }
    for lane in lanes.withLock({ Array($0.values) }) { await lane.drain() }
  }

  /// Gives every subscription back, so that another process can go on at once.
  func release() async {
    for lane in lanes.withLock({ Array($0.values) }) { await lane.release() }
  }
}
